"""The stand-in for the azure-native plugin, for the local Azure only."""
