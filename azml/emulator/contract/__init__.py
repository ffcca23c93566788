"""What the processes of the local Azure send one another: deployments, the routing table, counts."""
