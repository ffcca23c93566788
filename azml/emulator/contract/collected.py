"""Which collections the router fills."""

PAYLOADS = ("request", "response")
"""The collections that Azure reserves for whole bodies; a scoring script fills all others."""
