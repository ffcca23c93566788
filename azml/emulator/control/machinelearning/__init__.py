"""Azure Machine Learning's resource types: their rules, states and secrets."""
