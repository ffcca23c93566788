"""What everybody who speaks of online endpoints has to say alike."""

API_VERSION = "2025-12-01"
"""azure-native 3.29's own version of Microsoft.MachineLearningServices."""
SERVES_TAG = "azml-serves"
"""The tag of a deployment that says what it predicts with: the stack sets it, the guard of slots reads it."""
