"""Stands in for the azure-native plugin on the local Azure, and nowhere else."""

VERSION = "3.29.0"
"""The version of azure-native it stands in for."""
