"""A program that this process runs, and whose output it reads."""

import asyncio
import contextlib
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from azml.emulator.base.child_processes import end_leader, to_its_end
from azml.emulator.base.logs import Output

_STOP_SECONDS = 3.0
_LAST_WORDS_SECONDS = 1.0


@dataclass(frozen=True)
class Launch:
    """A command to run in a folder with exactly these environment variables, or, if None, this process's.

    `restrict` is called in the thread that starts the program: the program never has what the thread gives
    up there. `running` raises what it raises.
    """

    command: tuple[str, ...]
    folder: Path
    variables: Mapping[str, str] | None
    restrict: Callable[[], None] | None = None


class Subprocess:
    """A program that was started by `running`.

    A thread of its own starts the program and waits for its end. That thread can be restricted without this
    process being so; and a program may ask Linux to end it with the thread that started it.
    """

    def __init__(self, launch: Launch) -> None:
        loop = asyncio.get_running_loop()
        self._process: asyncio.Future[subprocess.Popen[bytes]] = loop.create_future()
        self._code: asyncio.Future[int] = loop.create_future()
        self._following: asyncio.Task[None] | None = None
        self._transport: asyncio.ReadTransport | None = None
        threading.Thread(target=self._keep, args=(launch, loop), name="keeper", daemon=True).start()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.result().pid

    @property
    def returncode(self) -> int | None:
        """The exit code once it has ended, negative for a signal; else None."""
        return self._code.result() if self._code.done() else None

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.result().terminate()

    async def wait(self) -> int:
        """Wait until it ends; returns its exit code."""
        await asyncio.wait({self._code})
        return self._code.result()

    async def ended(self) -> str:
        """Wait until it ends by itself, and return how, as text."""
        code = await self.wait()
        if self._following:  # output may still be in the pipe
            await asyncio.wait({self._following}, timeout=_LAST_WORDS_SECONDS)
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    async def started(self, output: Output) -> None:
        """Wait until it runs, and follow its output. Raises what prevented the start."""
        await asyncio.wait({self._process})
        pipe = self._process.result().stdout
        stream, loop = asyncio.StreamReader(), asyncio.get_running_loop()
        self._transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), pipe)
        self._following = loop.create_task(output.follow(stream))

    async def stop(self) -> None:
        """End it with everything that it started. One that is still being started is ended, too."""
        await asyncio.wait({self._process})
        if self._process.exception() is None:
            await end_leader(self, _STOP_SECONDS)
        if self._following:
            self._following.cancel()
        if self._transport:  # a daemon that it started may still hold the other end
            self._transport.close()

    def _keep(self, launch: Launch, loop: asyncio.AbstractEventLoop) -> None:
        try:
            if launch.restrict:
                launch.restrict()
            process = _popen(launch)
        except BaseException as refused:
            loop.call_soon_threadsafe(self._process.set_exception, refused)
            return
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(self._process.set_result, process)
            loop.call_soon_threadsafe(self._code.set_result, process.wait())


def _popen(launch: Launch) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        launch.command,
        bufsize=0,
        cwd=launch.folder,
        env=launch.variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is for the supervisor; the group can be ended as one
    )


@asynccontextmanager
async def running(launch: Launch, output: Output) -> AsyncIterator[Subprocess]:
    """Run a program, and end it with everything it started. Raises OSError when it cannot be started."""
    program = Subprocess(launch)
    try:
        await program.started(output)
        yield program
    finally:
        await to_its_end(program.stop())
