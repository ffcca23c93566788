"""`azml studio`: the page of the local Azure, in a browser."""

import os
import sys
import webbrowser
from typing import Annotated

import typer

from azml.cli import local_azure, terminal
from azml.cli.clone import find_clone
from azml.cli.local_azure import LocalAzure


def studio(
    browser: Annotated[bool, typer.Option(help="Open a browser, where there is one.")] = True,
) -> None:
    """Print a link to the studio page, and open it. It signs one browser in, once, within half an hour."""
    link = link_to(local_azure.required(find_clone()))
    if browser and _has_browser() and webbrowser.open(link):
        terminal.err().print("opened in your browser; if nothing came up, open this yourself:")
    terminal.out().print(link, style="none")


def link_to(azure: LocalAzure) -> str:
    """A link with a new one-time code, after the # that browsers send to nobody."""
    return str(azure.ask("POST", "studio")["link"])


def _has_browser() -> bool:
    """Whether a window can open; elsewhere `webbrowser` would take over the terminal with a text browser."""
    desktop = sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return desktop and sys.stdout.isatty()
