"""The processes that a language host has started: programs, policy packs, plugins, pip."""

import os
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, TypeVar

from azml.toolchain import child

_Response = TypeVar("_Response")
_CHILD = Path(child.__file__)


class Children:
    """The processes that this host has started, so that none outlives it."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    def start(self, arguments: list[str], *, python: Path, **options: Any) -> "subprocess.Popen[bytes]":
        """Start child.py with `arguments` under `python`; `options` are those of `subprocess.Popen`."""
        command = [str(python), "-P", "-u", str(_CHILD), *arguments]
        process = subprocess.Popen(command, **options)
        with self._lock:
            self._running.add(process)
        return process

    def wait(self, process: "subprocess.Popen[bytes]") -> int:
        """The exit code of `process`, once it has ended."""
        code = process.wait()
        with self._lock:
            self._running.discard(process)
        return code

    def end(self) -> None:
        """Ask every running child to exit."""
        with self._lock:
            running = list(self._running)
        for process in running:
            process.terminate()


def piped(folder: str) -> dict[str, Any]:
    """The options of a child whose output is read, in `folder`."""
    pipe = subprocess.PIPE
    return {"cwd": folder, "stdin": subprocess.DEVNULL, "stdout": pipe, "stderr": pipe}


def output(process: "subprocess.Popen[bytes]", response: Callable[..., _Response]) -> Iterator[_Response]:
    """What `process` prints, as messages with a `stdout` or a `stderr`, until it has closed both."""
    printed: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()

    def pump(name: str, stream: IO[bytes]) -> None:
        while chunk := os.read(stream.fileno(), 65536):
            printed.put((name, chunk))
        printed.put((name, b""))

    streams = {"stdout": process.stdout, "stderr": process.stderr}
    for name, stream in streams.items():
        threading.Thread(target=pump, args=(name, stream), daemon=True).start()
    left = len(streams)
    while left:
        name, chunk = printed.get()
        if chunk:
            yield response(**{name: chunk})
        else:
            left -= 1
