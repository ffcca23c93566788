"""Pulumi plugins: our own resources, and a stand-in for azure-native on the local Azure."""
