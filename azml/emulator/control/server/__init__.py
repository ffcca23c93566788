"""The control plane put together: its parts, its application, its start."""
