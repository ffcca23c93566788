"""The Python of an environment that uv creates."""

import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from azml.emulator.supervisor.environments.programs import Say, uv

_DOWNLOAD = {"UV_PYTHON_DOWNLOADS": "automatic", "UV_HTTP_RETRIES": "0"}
"""One attempt: on a machine without a network this fails within a second or two."""


@dataclass(frozen=True)
class Interpreter:
    """The path of a Python, with a warning if it is not the one asked for."""

    path: str
    warning: str = ""


async def interpreter(wanted: str | None, say: Say) -> Interpreter:
    """The Python asked for: this machine's, else one that uv downloads, else this process's own."""
    if not wanted:
        return Interpreter(_at_hand())
    if found := await _find(wanted):
        return Interpreter(found)
    say(f"Python {wanted} is not on this machine; asking uv for it")
    code, _ = await uv(["python", "install", wanted], Path.home(), None, _DOWNLOAD)
    if code == 0 and (found := await _find(wanted)):
        return Interpreter(found)
    here = platform.python_version()
    warning = f"Python {wanted} is asked for but not available; Python {here} is used instead"
    say(f"warning: {warning}")
    return Interpreter(_at_hand(), warning)


def _at_hand() -> str:
    return str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())


async def _find(wanted: str) -> str | None:
    code, text = await uv(["python", "find", "--no-project", "--system", wanted], Path.home(), None)
    # Warnings about broken interpreters on the search path come before the answer.
    found = [line for line in text.splitlines() if line.startswith("/")]
    return str(Path(found[-1]).resolve()) if code == 0 and found else None
