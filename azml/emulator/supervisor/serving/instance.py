"""One instance of a deployment: its process or container is restarted whenever it ends."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

from azml.emulator.base.failures import DeploymentFailure
from azml.emulator.base.logs import Log, Output
from azml.emulator.contract import routing_table
from azml.emulator.contract.deployments import DesiredDeployment, Probe
from azml.emulator.contract.instance_routes import InstanceRoute, InstanceRoutes
from azml.emulator.supervisor.serving.hints import hints
from azml.emulator.supervisor.serving.probes import Streak, healthy
from azml.emulator.supervisor.serving.runtime import Life, Runtime

_POLL_SECONDS = 0.05
_FIRST_PROBE_SECONDS = 5.0
_LEAST_START_SECONDS = 60.0
_BACKOFF = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before the next start, by the number of short lives in a row."""
_SETTLED_SECONDS = 60.0


class Instance:
    """An instance that is kept running. `changed` is called whenever it becomes ready or stops being so."""

    def __init__(
        self, desired: DesiredDeployment, runtime: Runtime, log: Log, changed: Callable[[], None]
    ) -> None:
        self._desired = desired
        self._runtime = runtime
        self._log = log
        self._changed = changed
        self._output = Output(log)
        self._address: routing_table.RoutedInstance | None = None
        self._pid: int | None = None
        self._ready = self._answered = False
        self._first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sees = desired
        self._life = asyncio.create_task(self._live())

    @property
    def address(self) -> routing_table.RoutedInstance | None:
        """Where it takes requests, if it is ready. A restart gives it a new address."""
        return self._address if self._ready else None

    @property
    def pid(self) -> int | None:
        """The process that shows its resource usage, if it is ready and has one."""
        return self._pid if self._ready else None

    async def started(self) -> None:
        """Wait until it is first ready. Raises DeploymentFailure when its process ends before that."""
        await asyncio.shield(self._first)

    async def stop(self) -> None:
        """Stop its process, and kill it if it does not end."""
        self._life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._life
        await self._runtime.close()
        if self._first.done() and not self._first.cancelled():
            self._first.exception()  # retrieved, so that asyncio does not warn
        self._first.cancel()

    async def _live(self) -> None:
        failures = 0
        while True:
            began, clock = time.monotonic(), time.time()
            try:
                await self._once()
            except (DeploymentFailure, OSError) as failure:
                self._log.say(f"azml: {failure}")
                if not self._answered and await self._renewed(clock):
                    continue
                if not self._first.done():
                    self._first.set_exception(DeploymentFailure(str(failure)))
                    return
            if time.monotonic() - began > _SETTLED_SECONDS:
                failures = 0
            await asyncio.sleep(_BACKOFF[min(failures, len(_BACKOFF) - 1)])
            failures += 1

    async def _renewed(self, began: float) -> bool:
        """Whether the files of the last life were damaged and have been repaired."""
        try:
            return await self._runtime.renew(began)
        except (DeploymentFailure, OSError) as failure:
            self._log.say(f"azml: {failure}")
            return False

    async def _once(self) -> None:
        """Run one life. Raises DeploymentFailure with the reason for its end, or OSError."""
        self._output = Output(self._log)
        self._answered = False
        async with self._runtime.live(self._output) as life:
            self._pid, self._sees = life.pid, life.desired
            try:
                await self._serve(life)
            finally:
                self._tell(ready=False)

    async def _serve(self, life: Life) -> None:
        ended = asyncio.create_task(life.program.ended())
        watching = asyncio.create_task(self._watch(life))
        try:
            await asyncio.wait({ended, watching}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()
            raise DeploymentFailure(f"the {self._runtime.noun} ended with {ended.result()}\n{self._words()}")
        finally:
            watching.cancel()
            ended.cancel()

    async def _watch(self, life: Life) -> None:
        """Wait until it is ready, then follow the probes. Raises DeploymentFailure when it is not healthy.

        Azure always waits for the initial delay; here the first successful answer is enough.
        """
        routes = await self._start(life)
        self._address = routing_table.RoutedInstance(life.name, routes.scoring.address)
        self._answered = True
        life.answered()
        self._tell(ready=True)
        if not self._first.done():
            self._first.set_result(None)
        readiness = asyncio.create_task(self._watch_readiness(routes))
        try:
            await self._watch_liveness(routes)
        finally:
            readiness.cancel()

    async def _start(self, life: Life) -> InstanceRoutes:
        """Wait for the startup probe, if there is one, and then for the readiness probe."""
        startup, readiness = self._desired.startup, self._desired.readiness
        limit = max(_LEAST_START_SECONDS, _patience(self._desired.liveness))
        async with self._within(_patience(startup) if startup else limit):
            routes = await life.routes()
            await (_answered(startup, routes.liveness) if startup else _answered(readiness, routes.readiness))
        if startup:
            async with self._within(limit):
                await _answered(readiness, routes.readiness)
        return routes

    @contextlib.asynccontextmanager
    async def _within(self, seconds: float) -> AsyncIterator[None]:
        """Raises DeploymentFailure when what is inside takes longer."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            text = self._words()
            message = f"the {self._runtime.noun} did not answer within {seconds:.0f} s\n{text}"
            raise DeploymentFailure(message) from None

    async def _watch_readiness(self, routes: InstanceRoutes) -> None:
        probe = self._desired.readiness
        streak = Streak(probe, good=True)
        while True:
            await asyncio.sleep(probe.period)
            self._tell(ready=streak.tell(await healthy(routes.readiness, probe.timeout)))

    async def _watch_liveness(self, routes: InstanceRoutes) -> None:
        probe = self._desired.liveness
        streak = Streak(probe, good=True)
        await asyncio.sleep(probe.initial_delay)
        while streak.tell(await healthy(routes.liveness, probe.timeout)):
            await asyncio.sleep(probe.period)
        self._log.say(f"azml: the liveness probe failed; restarting the {self._runtime.noun}")
        raise DeploymentFailure("the liveness probe failed")

    def _words(self) -> str:
        text = self._output.excerpt()
        return f"{text}{hints(self._sees, text)}"

    def _tell(self, *, ready: bool) -> None:
        if ready != self._ready:
            self._ready = ready
            self._changed()


def _patience(probe: Probe) -> float:
    """Seconds after which a process that never answers has failed a probe."""
    return probe.initial_delay + probe.period * probe.failure_threshold


async def _answered(probe: Probe, route: InstanceRoute) -> None:
    """Wait until a probe succeeds as many times in a row as it has to."""
    streak = Streak(probe, good=False)
    while not streak.tell(answered := await healthy(route, _FIRST_PROBE_SECONDS)):
        await asyncio.sleep(probe.period if answered else _POLL_SECONDS)
