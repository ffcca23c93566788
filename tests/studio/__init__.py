"""The studio page in a browser. A package for pytest, so that its tests, and no others, share that browser."""
