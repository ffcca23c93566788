"""`python -m azml.emulator.control.coverage`: print the page."""

from azml.emulator.control.coverage.page import render

print(render(), end="")
