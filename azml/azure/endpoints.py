"""What everybody who speaks of online endpoints has to say alike."""

API_VERSION = "2025-12-01"
"""azure-native 3.29's own version of Microsoft.MachineLearningServices."""
ALLOW_VARIABLE = "AZML_ALLOW_LIVE_CHANGE"
"""The variable that lets the endpoints it names change under their users, read by the program at each run."""
SERVES_TAG = "azml-serves"
"""The tag of a deployment that says what it predicts with: the stack sets it, the guard of slots reads it."""
