"""The local Azure: what the real Azure clients ask of Azure Resource Manager, storage and online endpoints.

It listens on loopback alone, keeps everything under one folder, and imports nothing of the rest of the
project.
"""
