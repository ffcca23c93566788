"""The data collector: what deployments were asked and answered, kept in the workspace's blobs."""
