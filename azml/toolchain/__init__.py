"""Gets the Pulumi CLI, and a Python language host for it, onto the machine."""
