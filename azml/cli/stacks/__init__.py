"""Stacks: their files, and the Azure they are deployed to."""
