"""Taking endpoints over that somebody else has created: their files, and what the stack file says of them."""
