"""What looks at a gate find, and what the gate says of it."""
