"""The process that creates an environment of conda's packages."""
