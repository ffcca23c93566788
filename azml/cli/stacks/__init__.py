"""Stacks: their files, and the Azure they live in."""
