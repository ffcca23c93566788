"""The stack file: its settings, their faults, and what they deploy."""
