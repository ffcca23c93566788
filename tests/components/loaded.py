"""Imported by the process that graphs are forks of: all that a graph's program would load by itself."""

from azml import components

components.load()
