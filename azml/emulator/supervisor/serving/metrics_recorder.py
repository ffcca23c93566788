"""Records the router's counts and the instances' resource usage every few seconds."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import replace

from azml.emulator.supervisor.serving.deployment import RunningDeployment
from azml.emulator.supervisor.serving.metrics_history import KEPT_SECONDS, MetricsHistory
from azml.emulator.supervisor.serving.router_client import RouterClient, RouterGone
from azml.emulator.supervisor.serving.usage import Gauge

_COLLECT_SECONDS = 5.0
"""Seconds between two looks. A killed router loses what it has counted since the last."""
_MEASURE_EVERY = 2
"""Instances are measured at every other look: that takes some 10 ms, and 1 ms for each instance."""
_FORGET_EVERY = 720
_LAST_LOOK_SECONDS = 2.0


class MetricsRecorder:
    """Records until it is stopped."""

    def __init__(
        self,
        router_client: RouterClient,
        history: MetricsHistory,
        deployments: Mapping[str, RunningDeployment],
    ) -> None:
        self._router_client = router_client
        self._history = history
        self._deployments = deployments
        self._gauge = Gauge()
        self._turn = asyncio.Lock()
        self._added = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start recording."""
        self._task = asyncio.create_task(self._run())

    async def collect(self) -> None:
        """Record what the router has counted so far."""
        # In a task of its own: cancelling the caller must not lose the counts, which exist nowhere else.
        await asyncio.shield(asyncio.create_task(self._collect()))

    async def move(self, added: float) -> None:
        """Record what was measured so far; from now on the minutes are the machine's plus `added` seconds."""
        await self.collect()
        self.measure()
        self._added = added

    def measure(self) -> None:
        """Record the instances' current usage."""
        minute = _minute(time.time() + self._added)
        pids: list[int] = []
        self._gauge.look()
        for one in self._deployments.values():
            ready = [each for each in one.instances if each.address]
            measured = {each.address.name: each.pid for each in ready if each.address and each.pid}
            pids += measured.values()
            usage = self._gauge.measure(measured, len(ready), len(one.instances) - len(ready))
            self._history.add_usage(minute, one.desired.endpoint_key, one.desired.name, usage)
        self._gauge.keep(pids)

    async def stop(self) -> None:
        """Record a last time, and stop. A router that does not answer is not waited for."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_LOOK_SECONDS):
                await self.collect()

    async def _run(self) -> None:
        turn = 0
        while True:
            await asyncio.sleep(_COLLECT_SECONDS)
            await self.collect()
            turn += 1
            if turn % _MEASURE_EVERY == 1:
                self.measure()
            if turn % _FORGET_EVERY == 1:
                self._history.forget(time.time() - KEPT_SECONDS)

    async def _collect(self) -> None:
        async with self._turn:
            with contextlib.suppress(RouterGone):
                counted = await self._router_client.counted()
                moved = (replace(one, minute=_minute(one.minute + self._added)) for one in counted)
                self._history.add_answers(moved)


def _minute(seconds: float) -> int:
    return int(seconds) // 60 * 60
