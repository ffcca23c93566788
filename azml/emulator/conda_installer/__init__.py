"""The process that makes an environment of conda's packages."""
