"""The studio page: one page, served by the local Azure itself, to look at endpoints and try them."""
