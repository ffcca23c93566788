"""The stack file: settings, what is wrong with them, and what they say is served."""
