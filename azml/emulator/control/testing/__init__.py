"""The pages with which a test controls the local Azure."""
