"""azure-native's resource types, their arguments, and their shapes in ARM."""

VERSION = "3.29.0"
"""The azure-native version these describe, and which the stand-in replaces on the local stack."""
