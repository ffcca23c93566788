"""Azure Monitor: the metrics of online endpoints and deployments, answered from what was measured."""
