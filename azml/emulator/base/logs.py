"""The output of processes, kept in files of limited size."""

import asyncio
import contextlib
import re
from collections import deque
from pathlib import Path
from typing import Literal

Container = Literal["inference-server", "storage-initializer"]
CONTAINERS: tuple[Container, ...] = ("inference-server", "storage-initializer")
LIMIT = 8 * 1024 * 1024
"""Bytes a log may have before it is renamed to `<name>.1`, replacing an earlier one."""
_EXCERPT_LINES = 60


class Log:
    """A log file that is renamed to `<name>.1` when it is full. A full disk does not stop the process."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self.path = path
        self._limit = limit
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)

    @property
    def _older(self) -> Path:
        return self.path.with_name(f"{self.path.name}.1")

    def write(self, data: bytes) -> None:
        """Append; the data is lost when the disk is full."""
        with contextlib.suppress(OSError):
            with self.path.open("ab") as file:
                file.write(data)
                size = file.tell()
            if size > self._limit:
                self.path.replace(self._older)

    def say(self, text: str) -> None:
        """Append one line."""
        self.write(f"{text}\n".encode())

    def tail(self, lines: int) -> str:
        """The last lines, including those in the renamed file."""
        kept: deque[str] = deque(maxlen=max(lines, 0))
        for path in (self._older, self.path):
            with contextlib.suppress(OSError), path.open(encoding="utf-8", errors="replace") as file:
                kept.extend(file)
        return "".join(kept)

    def remove(self) -> None:
        """Delete both files, and their folder if it is then empty."""
        for path in (self.path, self._older):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.path.parent.rmdir()


class Output:
    """What one process prints: written to its log, with the end kept in memory to explain a failure."""

    def __init__(self, log: Log, kept: int = 64 * 1024) -> None:
        self._log = log
        self._kept = kept
        self._recent = bytearray()

    async def follow(self, stream: asyncio.StreamReader) -> None:
        """Read until the process closes its end."""
        while data := await stream.read(64 * 1024):
            self._log.write(data)
            self._recent += data
            del self._recent[: -self._kept]

    def excerpt(self) -> str:
        """The part of the output that explains a failure."""
        return excerpt(self._recent.decode(errors="replace"))


def excerpt(text: str) -> str:
    """The last traceback with the line before it, else the end of the text; at most 60 lines.

    The server prints the model folder's content after the traceback of a failed init(); it is left out.
    """
    lines = text.rstrip().splitlines()
    starts = [number for number, line in enumerate(lines) if "Traceback (most recent call last)" in line]
    if not starts:
        return "\n".join(lines[-_EXCERPT_LINES:])
    # Chained exceptions print several tracebacks; the first of the last group is the original cause.
    first = starts[-1]
    for start in reversed(starts[:-1]):
        if not _chained(lines, start, first):
            break
        first = start
    body = lines[first:]
    end = next((number for number, line in enumerate(body) if "Model Directory Contents" in line), len(body))
    return "\n".join([*lines[max(first - 1, 0) : first], *body[:end][-_EXCERPT_LINES:]])


def _chained(lines: list[str], start: int, end: int) -> bool:
    joined = "\n".join(lines[start:end])
    return bool(re.search(r"(direct cause of the following|During handling of the above) exception", joined))
