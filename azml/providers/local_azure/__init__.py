"""Stands in for the azure-native plugin on the local Azure, and nowhere else."""
