"""Online endpoints in Azure, and requests to them."""
