"""The work of operations: one task for each resource, the newest."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

Work = Callable[[], Awaitable[None]]


class Tasks:
    """The running tasks. Keys are resource ids in lower case."""

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[None]] = {}

    def start(self, key: str, work: Work) -> None:
        """Start a task; one that still runs for the resource is stopped first."""
        task = asyncio.create_task(_after(self._running.get(key), work))
        self._running[key] = task
        task.add_done_callback(lambda done: self._forget(key, done))

    async def ended(self, key: str) -> None:
        """Wait until nothing runs for a resource."""
        while task := self._running.get(key):
            await asyncio.wait([task])

    async def cancel(self, keys: Sequence[str]) -> None:
        """Stop the tasks of some resources."""
        tasks = [self._running[key] for key in keys if key in self._running]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """Stop everything."""
        await self.cancel(list(self._running))

    def _forget(self, key: str, task: asyncio.Task[None]) -> None:
        if self._running.get(key) is task:
            del self._running[key]


async def _after(previous: asyncio.Task[None] | None, work: Work) -> None:
    if previous:
        previous.cancel()
        await asyncio.wait([previous])
    await work()
