"""The supervisor's process: starts the others, runs deployments, and takes all of them along when it goes."""
