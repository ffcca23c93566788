"""What azure-native is: its resource types, their arguments, and their shapes in ARM."""

VERSION = "3.29.0"
"""The version of azure-native that these are of, and that is stood in for on the local stack."""
