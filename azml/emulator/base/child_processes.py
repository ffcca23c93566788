"""Ending child processes with everything they started, even when the caller is cancelled meanwhile."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

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


async def end_group(process: asyncio.subprocess.Process, grace: float) -> None:
    """End a process and the process group that it leads; kill them after `grace` seconds.

    Waits for the process and closes its pipes, even if a daemon that it started still holds them open.
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
