"""The local Azure: it answers the real clients of Azure Resource Manager, storage and online endpoints.

It listens on loopback only, keeps everything under one folder, and imports nothing else of the project.
"""
