"""Reads published descriptions of Azure's management API out of installed packages. A tool for developers."""
