"""The studio: a web page, served by the local Azure itself, to inspect endpoints and try them."""
