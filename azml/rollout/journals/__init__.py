"""The journal of a rollout: its entries, the whole document, and both as JSON."""
