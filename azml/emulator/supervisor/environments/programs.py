"""Programs that build environments: uv, and our own installer of conda's packages."""

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from azml.emulator.base.child_processes import end_group
from azml.emulator.base.failures import EnvironmentFailure
from azml.emulator.base.parent_death import tied

Say = Callable[[str], None]
_STOP_SECONDS = 3.0
_CREDENTIALS = re.compile(r"://[^/@\s]+@")
_TOKEN = re.compile(r"/t/[^/\s]+/")  # in addresses of conda's channels


def masked(text: str) -> str:
    """A text for a log, without the user names, passwords and tokens that addresses may contain."""
    return _TOKEN.sub("/t/***/", _CREDENTIALS.sub("://***@", text))


async def uv(
    arguments: Sequence[str],
    cwd: Path,
    lock: int | None,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int, str]:
    """Run uv; returns its exit code and output. It downloads a Python only if `variables` say so."""
    environment = {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", **variables}
    return await run([find_uv(), "--color", "never", *arguments], cwd, lock, environment)


async def run(
    command: Sequence[str],
    cwd: Path,
    lock: int | None,
    variables: Mapping[str, str],
    given: bytes = b"",
    say: Say | None = None,
) -> tuple[int, str]:
    """Run a program; returns its exit code and output, which `say` also gets line by line. Cancelling ends
    it.

    Raises EnvironmentFailure when the program was killed: then its output does not explain the failure. It
    inherits the lock: the next supervisor after a killed one waits until that one's program has ended too.
    """
    process = await asyncio.create_subprocess_exec(
        *tied(*command),
        cwd=cwd,
        env={**os.environ, **variables},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        pass_fds=() if lock is None else (lock,),
        start_new_session=True,  # builds that it starts end with it
    )
    assert process.stdin and process.stdout  # noqa: S101 - asked for above
    try:
        process.stdin.write(given)
        process.stdin.close()
        lines: list[str] = []
        async for line in process.stdout:
            lines.append(line.decode(errors="replace"))
            if say:
                say(lines[-1].rstrip())
        await process.wait()
    finally:
        await end_group(process, _STOP_SECONDS)
    code, said = process.returncode or 0, "".join(lines).strip()
    if code < 0:
        name, number = Path(command[0]).name, signal.Signals(-code).name
        raise EnvironmentFailure(f"{name} was killed ({number}), perhaps for lack of memory. {said}".rstrip())
    return code, said


def find_uv() -> str:
    """uv beside this interpreter, else on PATH. Raises EnvironmentFailure when there is none."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.is_file() else shutil.which("uv")
    if not found:
        raise EnvironmentFailure(f"uv is neither beside {sys.executable} nor on PATH")
    return found
