"""Where the evidence of a rollout comes from: Azure Monitor, the traffic log, and requests to deployments."""
