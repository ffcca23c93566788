"""The supervisor's process: starts the others and runs deployments; when it ends, they all end."""
