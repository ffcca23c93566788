"""Online endpoints as Azure has them, and requests to them."""
