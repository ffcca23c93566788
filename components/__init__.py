"""What the stack declares: Pulumi component resources over typed settings."""
