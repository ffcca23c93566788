"""Scoring environments: built from conda files, cached by content."""
