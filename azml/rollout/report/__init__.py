"""The evidence report of a rollout: made from its journal, as records, as JSON and as one HTML file."""
