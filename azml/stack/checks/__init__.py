"""What a preview checks against Azure before anything is declared."""
