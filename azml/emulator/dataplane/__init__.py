"""Environments, scoring processes and the router: what makes deployments of the local Azure answer."""
