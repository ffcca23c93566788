"""Sections of a stack file, read with the place of each value and with all findings."""
