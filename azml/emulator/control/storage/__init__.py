"""Storage accounts and the blob verbs that the real clients use."""
