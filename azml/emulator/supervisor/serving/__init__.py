"""Running deployments: their instances, logs, resource usage, and the routes to them."""
