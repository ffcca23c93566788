"""Deployments as they run: their instances, their logs, what they use, and the routes to them."""
