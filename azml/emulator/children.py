"""A child process of the supervisor that is started again whenever it ends."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence

from azml.emulator.dataplane.logs import Log, Output

_BACKOFF = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
_SETTLED_SECONDS = 30.0
_STOP_SECONDS = 5.0


class ChildEnded(Exception):
    """The child ended before it ever answered; the text has its last words and names its log."""


class Child:
    """Runs a command until it is stopped, or leaves with code 0 because it was asked to: then `left` is set.

    `prepare` gives the command of each start and the descriptors that it inherits; `started` is called after
    each start and returns once the child answers.
    """

    def __init__(
        self,
        name: str,
        prepare: Callable[[], tuple[Sequence[str], Sequence[int]]],
        started: Callable[[], Awaitable[None]],
        log: Log,
    ) -> None:
        self._name = name
        self._prepare = prepare
        self._started = started
        self._log = log
        self._answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.left = asyncio.Event()
        self._life = asyncio.create_task(self._live())

    async def answered(self) -> None:
        """Wait until it answers for the first time. Raises ChildEnded when it ends before."""
        await asyncio.shield(self._answered)

    async def stop(self) -> None:
        """End it."""
        self._life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._life
        if self._answered.done() and not self._answered.cancelled():
            self._answered.exception()
        self._answered.cancel()

    async def _live(self) -> None:
        failures = 0
        while True:
            began = time.monotonic()
            output = Output(self._log)
            code = await self._once(output)
            if not self._answered.done():
                words = output.excerpt().splitlines()
                told = words[-1] if words else f"exit code {code}"
                self._answered.set_exception(
                    ChildEnded(f"the {self._name} ended: {told}; its log: {self._log.path}")
                )
                return
            if code == 0:
                self.left.set()
                return
            self._log.say(f"azml: the {self._name} ended with code {code}; starting it again")
            failures = 0 if time.monotonic() - began > _SETTLED_SECONDS else failures + 1
            await asyncio.sleep(_BACKOFF[min(failures, len(_BACKOFF) - 1)])

    async def _once(self, output: Output) -> int:
        command, descriptors = self._prepare()
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            pass_fds=descriptors,
            start_new_session=True,  # Ctrl-C is for the supervisor, which ends its children in order
        )
        assert process.stdout is not None  # noqa: S101 - asked for above
        following = asyncio.create_task(output.follow(process.stdout))
        starting = asyncio.create_task(self._start())
        try:
            code = await process.wait()
            await asyncio.wait({following}, timeout=1.0)
            return code
        finally:
            starting.cancel()
            await _end(process)
            following.cancel()

    async def _start(self) -> None:
        await self._started()
        if not self._answered.done():
            self._answered.set_result(None)


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
