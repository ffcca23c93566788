"""The pages by which a test steers the local Azure."""
