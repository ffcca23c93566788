"""A child process of the supervisor that is restarted whenever it ends."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence

from azml.emulator.base.child_processes import end_group
from azml.emulator.base.logs import Log, Output

Command = tuple[Sequence[str], Sequence[int]]
"""A command line, and the descriptors that its process inherits."""
_BACKOFF = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
_SETTLED_SECONDS = 30.0
_STOP_SECONDS = 5.0


class ChildEnded(Exception):
    """The child ended before it first answered; the text has its last output and names its log."""


class Child:
    """Runs a command until it is stopped.

    `prepare` gives the command of each start and the descriptors that it inherits; `started` is called after
    each start and returns once the child answers. One that `may_leave` is not restarted when it ends with
    code 0, because it was asked to end: then `left` is set.
    """

    def __init__(
        self,
        name: str,
        prepare: Callable[[], Command],
        started: Callable[[], Awaitable[None]],
        log: Log,
        *,
        may_leave: bool = False,
    ) -> None:
        self._name = name
        self._prepare = prepare
        self._started = started
        self._log = log
        self._may_leave = may_leave
        self._answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.left = asyncio.Event()
        self._life = asyncio.create_task(self._live())

    async def answered(self) -> None:
        """Wait until it first answers. Raises ChildEnded when it ends before that."""
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
            try:
                code = await self._once(output)
                ended = f"ended with code {code}"
            except OSError as refused:
                code, ended = None, f"cannot be started: {refused}"
            if not self._answered.done():
                self._answered.set_exception(self._failure(output, ended))
                return
            if self._may_leave and code == 0:
                self.left.set()
                return
            self._log.say(f"azml: the {self._name} {ended}; starting it again")
            failures = 0 if time.monotonic() - began > _SETTLED_SECONDS else failures + 1
            await asyncio.sleep(_BACKOFF[min(failures, len(_BACKOFF) - 1)])

    def _failure(self, output: Output, ended: str) -> ChildEnded:
        last = output.excerpt().splitlines()[-1:] or [ended]
        return ChildEnded(f"the {self._name} ended: {last[0]}; its log: {self._log.path}")

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
        starting = asyncio.create_task(self._start(process))
        try:
            code = await process.wait()
            await asyncio.wait({following}, timeout=1.0)
            return code
        finally:
            starting.cancel()
            await end_group(process, _STOP_SECONDS)
            following.cancel()

    async def _start(self, process: asyncio.subprocess.Process) -> None:
        try:
            await self._started()
        except Exception as reason:
            self._log.say(f"azml: the {self._name} does not answer: {reason!r}")
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            return
        if not self._answered.done():
            self._answered.set_result(None)
