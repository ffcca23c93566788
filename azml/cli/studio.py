"""`azml studio`: the page of the local Azure, in a browser."""

import base64
import mimetypes
import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from azml.cli import local_azure, names, stacks, terminal
from azml.cli.clone import Clone, find_clone
from azml.cli.failure import CommandError
from azml.cli.local_azure import LocalAzure
from azml.cli.sample import find_request
from azml.findings import InvalidInput

SAMPLE_LIMIT = 1 << 20
"""Bytes of a sample request that the page starts with."""


def studio(
    browser: Annotated[bool, typer.Option(help="Open a browser, where there is one.")] = True,
) -> None:
    """Print a link to the studio page, and open it. It signs one browser in, once, within half an hour."""
    clone = find_clone()
    link = link_to(clone, local_azure.required(clone))
    if browser and _has_browser() and webbrowser.open(link):
        terminal.err().print("opened in your browser; if nothing came up, open this yourself:")
    terminal.out().print(link, style="none")


def link_to(clone: Clone, azure: LocalAzure) -> str:
    """A link with a new one-time code, after the # that browsers send to nobody. The page gets the endpoints'
    sample requests too: the local Azure knows what was deployed, and no folders."""
    azure.ask("PUT", "studio/samples", {"samples": samples(clone)})
    return str(azure.ask("POST", "studio")["link"])


def samples(clone: Clone) -> list[dict[str, str]]:
    """The sample request of each endpoint of the local stack that has one of at most a megabyte."""
    try:
        declared = stacks.Stack(clone, stacks.LOCAL).file.endpoints()
        found = [(names.azure_name(one), find_request(one.folder)) for one in declared]
    except (CommandError, InvalidInput):  # the page works without; `up` says what is wrong with the files
        return []
    small = [(name, path) for name, path in found if path and path.stat().st_size <= SAMPLE_LIMIT]
    return [_sample(name, path) for name, path in small]


def _sample(name: str, path: Path) -> dict[str, str]:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    content = base64.b64encode(path.read_bytes()).decode()
    return {"endpoint": name, "file": f"{path.parent.name}/{path.name}", "type": kind, "content": content}


def _has_browser() -> bool:
    """Whether a window can open; elsewhere `webbrowser` would take over the terminal with a text browser."""
    desktop = sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return desktop and sys.stdout.isatty()
