"""Azure Resource Manager by plain HTTP: which cloud, as whom, and how to wait for it."""
