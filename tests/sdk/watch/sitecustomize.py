"""Loaded by every Python of a watched shell: writes down whom it calls, and lets it call this machine alone.

WATCHED names the file. Audit hooks see every socket of a process, whatever library opened it.
"""

import os
import sys
from pathlib import Path
from typing import Any

LOOPBACK = ("127.", "::1", "localhost")
EVENTS = ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname")


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Write down the host of one call; OSError when it is not this machine."""
    if event not in EVENTS:
        return
    address = arguments[0] if event.startswith("socket.get") else arguments[1]
    host = address[0] if isinstance(address, tuple) else address
    if not isinstance(host, str) or "/" in host:  # any interface, or a socket that is a file
        return
    with Path(os.environ["WATCHED"]).open("a") as file:
        file.write(f"{host}\n")
    if not host.startswith(LOOPBACK):
        raise OSError(f"{host} is not this machine")


if "WATCHED" in os.environ:
    sys.addaudithook(watch)
