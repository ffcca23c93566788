"""Limits that the router and the studio page share."""

BODY_LIMIT = 10 * 1024 * 1024
"""Bytes of a request body."""
