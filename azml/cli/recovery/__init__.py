"""Repairing what a killed run left behind."""
