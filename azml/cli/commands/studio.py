"""`azml studio`: open the local Azure's studio page in a browser."""

import os
import sys
import webbrowser
from typing import Annotated

import typer

from azml.cli import terminal
from azml.cli.clone import find_clone
from azml.cli.endpoints.studio_link import link_to
from azml.cli.local import local_azure


def studio(
    browser: Annotated[bool, typer.Option(help="Open a browser, if there is one.")] = True,
) -> None:
    """Print a link to the studio page, and open it. It works once, in one browser, within half an hour."""
    clone = find_clone()
    link = link_to(clone, local_azure.required(clone))
    if browser and _has_browser() and webbrowser.open(link):
        terminal.err().print("opened in your browser; if nothing appeared, open this link:")
    terminal.out().print(link, style="none")


def _has_browser() -> bool:
    """Whether a browser window can open; otherwise `webbrowser` would run a text browser in the terminal."""
    desktop = sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return desktop and sys.stdout.isatty()
