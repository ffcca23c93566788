"""What the local Azure answers, as a page."""
