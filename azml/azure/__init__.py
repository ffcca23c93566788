"""Azure Resource Manager over plain HTTP: the cloud, the identity, and waiting for operations."""
