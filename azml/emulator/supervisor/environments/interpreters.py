"""The Python of an environment that uv creates."""

import asyncio
import contextlib
import json
import os
import platform
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from azml.emulator.base.files import write_private
from azml.emulator.supervisor.environments.programs import Say, uv

_DOWNLOAD = {"UV_PYTHON_DOWNLOADS": "automatic", "UV_HTTP_RETRIES": "0"}
"""One attempt: on a machine without a network this fails within a second or two."""
_ASK_AGAIN_SECONDS = 60.0


@dataclass(frozen=True)
class Interpreter:
    """The path of a Python, with a warning if it is not the one asked for."""

    path: str
    warning: str = ""


class Interpreters:
    """Finds Pythons.

    What uv finds is kept for a minute: it may have to start other programs to tell the versions of what it
    finds, and after a start of the local Azure all deployments ask at once. It is also kept in a file, by
    which a later start recognises the environments that were built with it.
    """

    def __init__(self, kept: Path) -> None:
        self._file = kept
        self._found: dict[str, tuple[float, str]] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def last(self, wanted: str | None) -> str:
        """What uv found the last time, in whichever process, whether or not it is still there; else empty."""
        return self._all().get(wanted or "", "")

    async def find(self, wanted: str | None, say: Say) -> Interpreter:
        """The Python asked for: this machine's, else one that uv downloads, else this process's own."""
        if not wanted:
            return Interpreter(_at_hand())
        async with self._turns[wanted]:
            return await self._find(wanted, say)

    async def _find(self, wanted: str, say: Say) -> Interpreter:
        if found := self._kept(wanted) or await self._asked(wanted):
            return Interpreter(found)
        say(f"Python {wanted} is not on this machine; asking uv for it")
        code, _ = await uv(["python", "install", wanted], Path.home(), None, _DOWNLOAD)
        if code == 0 and (found := await self._asked(wanted)):
            return Interpreter(found)
        here = platform.python_version()
        warning = f"Python {wanted} is asked for but not available; Python {here} is used instead"
        say(f"warning: {warning}")
        return Interpreter(_at_hand(), warning)

    def _kept(self, wanted: str) -> str | None:
        """What was found within the last minute, if it can still be started."""
        when, path = self._found.get(wanted, (0.0, ""))
        return path if time.monotonic() - when < _ASK_AGAIN_SECONDS and os.access(path, os.X_OK) else None

    async def _asked(self, wanted: str) -> str | None:
        found = await _by_uv(wanted)
        if found:
            self._found[wanted] = (time.monotonic(), found)
            self._keep(wanted, found)
        return found

    def _keep(self, wanted: str, found: str) -> None:
        before = self._all()
        if before.get(wanted) != found:
            with contextlib.suppress(OSError):  # then the next start asks uv again
                self._file.parent.mkdir(parents=True, exist_ok=True)
                write_private(self._file, json.dumps({**before, wanted: found}).encode())

    def _all(self) -> dict[str, str]:
        try:
            return {str(wanted): str(path) for wanted, path in json.loads(self._file.read_bytes()).items()}
        except (OSError, ValueError, AttributeError):
            return {}


def _at_hand() -> str:
    return str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())


async def _by_uv(wanted: str) -> str | None:
    code, text = await uv(["python", "find", "--no-project", "--system", wanted], Path.home(), None)
    # Warnings about broken interpreters on the search path come before the answer.
    found = [line for line in text.splitlines() if line.startswith("/")]
    return str(Path(found[-1]).resolve()) if code == 0 and found else None
