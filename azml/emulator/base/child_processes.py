"""Ending child processes with everything they started, even when the caller is cancelled meanwhile."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

_Result = TypeVar("_Result")


async def to_its_end(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run `work` to completion: a cancellation that arrives meanwhile is raised afterwards."""
    task = asyncio.create_task(work)
    interrupted = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            interrupted = True
    result = task.result()
    if interrupted:
        raise asyncio.CancelledError
    return result


class Leader(Protocol):
    """A process that leads a process group."""

    @property
    def pid(self) -> int:
        """Its id."""

    @property
    def returncode(self) -> int | None:
        """Its exit code; None while it runs."""

    def terminate(self) -> None:
        """Ask it to end. Raises ProcessLookupError when it has ended."""

    async def wait(self) -> int:
        """Wait until it has ended."""


async def end_group(process: asyncio.subprocess.Process, grace: float) -> None:
    """End a process and the process group that it leads; kill them after `grace` seconds.

    Waits for the process and closes its pipes, even if a daemon that it started still holds them open.
    """
    try:
        await end_leader(process, grace)
    finally:
        process._transport.close()  # type: ignore[attr-defined]  # asyncio has no public name for it


async def end_leader(leader: Leader, grace: float) -> None:
    """As `end_group`, for a process whose pipes the caller closes."""
    await to_its_end(_end(leader, grace))


async def _end(leader: Leader, grace: float) -> None:
    if leader.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            leader.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await leader.wait()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader.pid, signal.SIGKILL)
    await leader.wait()
