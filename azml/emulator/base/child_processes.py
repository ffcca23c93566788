"""How child processes end: whole, with everything they started, whoever stops waiting meanwhile."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

_Result = TypeVar("_Result")


async def to_its_end(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Do `work` whole: a cancellation that comes meanwhile is raised after it."""
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


async def end_group(process: asyncio.subprocess.Process, grace: float) -> None:
    """End a process that leads a group of its own, and the group: outright after `grace` seconds.

    It is waited for, and its pipes are closed here, whatever a daemon it started still holds of them.
    """
    await to_its_end(_end_group(process, grace))


async def _end_group(process: asyncio.subprocess.Process, grace: float) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await process.wait()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    process._transport.close()  # type: ignore[attr-defined]  # asyncio has no public name for it
