"""Looks at the router's counts and at what instances use, every few seconds, and writes both down."""

import asyncio
import contextlib
import time
from collections.abc import Mapping

from azml.emulator.supervisor.serving.deployment import RunningDeployment
from azml.emulator.supervisor.serving.metrics_history import KEPT_SECONDS, MetricsHistory
from azml.emulator.supervisor.serving.router_client import RouterClient, RouterGone
from azml.emulator.supervisor.serving.usage import Gauge

_COLLECT_SECONDS = 5.0
"""What the router counted since is lost when it is killed outright."""
_MEASURE_EVERY = 2
"""Instances are measured at every other look: it costs some 10 ms, and a millisecond for each."""
_FORGET_EVERY = 720
_LAST_LOOK_SECONDS = 2.0


class MetricsRecorder:
    """See the module."""

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
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look every few seconds from now on."""
        self._task = asyncio.create_task(self._run())

    async def collect(self) -> None:
        """Write down what the router counted until now."""
        # In a task of its own: what the router told is nowhere else, whoever stops waiting for it.
        await asyncio.shield(asyncio.create_task(self._collect()))

    def measure(self) -> None:
        """Write down what the instances use now."""
        minute = int(time.time()) // 60 * 60
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
        """Look a last time, and no more. A router that does not answer is not waited for."""
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
                self._history.add_answers(await self._router_client.counted())
