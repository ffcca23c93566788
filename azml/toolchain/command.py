"""Runs a long command: its output is shown as progress, and as the reason if it fails."""

import contextlib
import os
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from azml.toolchain.cache import Progress

#: Seconds between two lines of progress.
_PERIOD = 3.0
_LINES_OF_A_FAILURE = 15


class CommandFailed(subprocess.SubprocessError):
    """The command failed or took too long; the message ends with the last lines it printed."""


def run(
    command: list[str],
    *,
    progress: Progress,
    say: Callable[[str], str | None],
    timeout: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run `command` for at most `timeout` seconds; each line it prints becomes progress through `say`.

    `say` turns a line of output into a line of progress, or None to say nothing new. The command is ended
    when this process is interrupted.

    Raises:
        CommandFailed: it ended with another code than 0, or was still running after `timeout`.
        FileNotFoundError: there is no such program.
    """
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        _end(process)

    late = threading.Timer(timeout, expire)
    late.start()
    try:
        last = _follow(process, progress, say)
        code = process.wait()
    finally:
        late.cancel()
        _end(process)
        if process.stdout is not None:
            process.stdout.close()
    if code or expired.is_set():
        ending = f"had not ended after {timeout:.0f} s" if expired.is_set() else f"ended with {code}"
        raise CommandFailed("\n".join([f"{command[0]} {ending}", *last]))


def _end(process: "subprocess.Popen[str]") -> None:
    """Kill `process` and what it has started: a downloader or compiler left behind would hold its output.

    The process first: a shell whose command is killed goes on with the next one.
    """
    if process.poll() is not None:
        return  # its number may be another process's by now
    started: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        started = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    for each in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait()


def _follow(
    process: "subprocess.Popen[str]", progress: Progress, say: Callable[[str], str | None]
) -> list[str]:
    """Pass on what `process` prints until it closes its output; returns the last lines of it."""
    last: deque[str] = deque(maxlen=_LINES_OF_A_FAILURE)
    said = 0.0
    for line in process.stdout or ():
        last.append(line.rstrip())
        what = say(last[-1])
        if what is not None and time.monotonic() - said >= _PERIOD:
            progress(what)
            said = time.monotonic()
    return list(last)
