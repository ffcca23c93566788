"""Which collections the router fills."""

PAYLOADS = ("request", "response")
"""The collections that Azure reserves for whole bodies; all others are a scoring script's own."""
