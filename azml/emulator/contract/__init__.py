"""What the processes of the local Azure say to one another: deployments, the routing table, counts."""
