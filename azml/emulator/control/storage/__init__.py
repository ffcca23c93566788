"""Storage accounts and the blob operations that the real clients use."""
