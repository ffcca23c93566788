"""Assembles the control plane: its parts, its application, its start."""
