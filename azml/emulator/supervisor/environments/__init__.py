"""Scoring environments: built from conda files, kept by content."""
