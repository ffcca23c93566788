"""The studio page in a browser. A package for pytest: these tests share a browser, and no others meet it."""
