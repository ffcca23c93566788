"""Installs the Pulumi CLI, and a Python language host for it."""
