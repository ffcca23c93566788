"""A program that this process runs, and whose output it reads."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from azml.emulator.base.child_processes import end_group
from azml.emulator.base.logs import Output

_STOP_SECONDS = 3.0
_LAST_WORDS_SECONDS = 1.0


@dataclass(frozen=True)
class Launch:
    """A command to run in a folder with exactly these environment variables, or, if None, this process's."""

    command: tuple[str, ...]
    folder: Path
    variables: Mapping[str, str] | None


class Subprocess:
    """A program that was started by `running`."""

    def __init__(self, process: asyncio.subprocess.Process, following: asyncio.Task[None]) -> None:
        self._process = process
        self._following = following

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code once it has ended, negative for a signal; else None."""
        return self._process.returncode

    async def ended(self) -> str:
        """Wait until it ends by itself, and return how, as text."""
        code = await self._process.wait()
        await asyncio.wait({self._following}, timeout=_LAST_WORDS_SECONDS)  # output may still be in the pipe
        return f"signal {-code}" if code < 0 else f"exit code {code}"


@asynccontextmanager
async def running(launch: Launch, output: Output) -> AsyncIterator[Subprocess]:
    """Run a program, and end it with everything it started. Raises OSError when it cannot be started."""
    process = await asyncio.create_subprocess_exec(
        *launch.command,
        cwd=launch.folder,
        env=launch.variables,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is for the supervisor; the group can be ended as one
    )
    assert process.stdout is not None  # noqa: S101 - asked for above
    following = asyncio.create_task(output.follow(process.stdout))
    try:
        yield Subprocess(process, following)
    finally:
        await end_group(process, _STOP_SECONDS)
        following.cancel()
