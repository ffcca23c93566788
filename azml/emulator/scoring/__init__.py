"""What runs in a scoring process, in the environment of its deployment."""
