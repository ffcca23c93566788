"""What the stack config says of one endpoint and its slots."""
