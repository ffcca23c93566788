"""Plans: read from a stack file, checked, explained, and proved."""
