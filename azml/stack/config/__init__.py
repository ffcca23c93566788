"""What the stack config says of the stack and its workspace; all of it, as records."""
