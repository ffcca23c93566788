"""One instance of a deployment: its scoring process, started again whenever it ends."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable
from pathlib import Path

from azml.emulator.dataplane import table
from azml.emulator.dataplane.contract import DesiredDeployment
from azml.emulator.dataplane.environments import Environment
from azml.emulator.dataplane.failures import DeploymentFailure
from azml.emulator.dataplane.launch import Launch, launch_of
from azml.emulator.dataplane.logs import Log, Output
from azml.emulator.dataplane.probing import Streak, healthy
from azml.emulator.dataplane.services import Services
from azml.emulator.endings import end_group

_POLL_SECONDS = 0.05
_FIRST_PROBE_SECONDS = 5.0
_LEAST_START_SECONDS = 60.0
_STOP_SECONDS = 3.0
_BACKOFF = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)
_SETTLED_SECONDS = 60.0
_numbers = itertools.count(1)


class Instance:
    """See the module. `changed` is called whenever it becomes ready or ceases to be."""

    def __init__(
        self,
        desired: DesiredDeployment,
        environment: Environment,
        run_dir: Path,
        services: Services,
        log: Log,
        changed: Callable[[], None],
    ) -> None:
        self._services = services
        self._desired = desired
        self._environment = environment
        self._run_dir = run_dir
        self._log = log
        self._changed = changed
        self._output = Output(log)
        self._socket = run_dir
        self._ready = False
        self._pid: int | None = None
        self._first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._life = asyncio.create_task(self._live())

    @property
    def address(self) -> table.Instance | None:
        """Where it takes requests, when it is ready. A process that was started again has a new address."""
        return table.Instance(self._socket.name, str(self._socket)) if self._ready else None

    @property
    def pid(self) -> int | None:
        """Its process, when it is ready."""
        return self._pid if self._ready else None

    async def started(self) -> None:
        """Wait until it is ready for the first time. Raises DeploymentFailure when its process ends first."""
        await asyncio.shield(self._first)

    async def stop(self) -> None:
        """End its process, at once if it does not end by itself."""
        self._life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._life
        if self._first.done() and not self._first.cancelled():
            self._first.exception()  # it was told, or nobody asks any more
        self._first.cancel()

    async def _live(self) -> None:
        failures = 0
        while True:
            began = time.monotonic()
            try:
                await self._once()
            except (DeploymentFailure, OSError) as failure:
                self._log.say(f"azml: {failure}")
                if not self._first.done():
                    self._first.set_exception(DeploymentFailure(str(failure)))
                    return
            failures = 0 if time.monotonic() - began > _SETTLED_SECONDS else failures + 1
            await asyncio.sleep(_BACKOFF[min(failures, len(_BACKOFF) - 1)])

    async def _once(self) -> None:
        """One life of the process. Raises DeploymentFailure with the reason for its end, or OSError."""
        self._socket = self._run_dir / f"{next(_numbers)}.sock"
        self._output = Output(self._log)
        grant = self._services.admit(self._desired)
        try:
            await self._run(launch_of(self._desired, self._environment, self._socket, grant.variables))
        finally:
            self._services.dismiss(grant)

    async def _run(self, launch: Launch) -> None:
        process = await asyncio.create_subprocess_exec(
            *launch.command,
            cwd=launch.folder,
            env=launch.variables,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is the supervisor's; and the group can be ended as one
        )
        assert process.stdout is not None  # noqa: S101 - asked for above
        self._pid = process.pid
        following = asyncio.create_task(self._output.follow(process.stdout))
        try:
            await self._serve(process)
            await asyncio.wait({following}, timeout=1.0)  # what it printed last may still be in the pipe
            raise DeploymentFailure(
                f"the scoring process ended with {_code(process)}\n{self._output.excerpt()}"
            )
        finally:
            self._tell(ready=False)
            await end_group(process, _STOP_SECONDS)
            following.cancel()
            self._socket.unlink(missing_ok=True)

    async def _serve(self, process: asyncio.subprocess.Process) -> None:
        ended = asyncio.create_task(process.wait())
        watching = asyncio.create_task(self._watch())
        try:
            await asyncio.wait({ended, watching}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()
        finally:
            watching.cancel()
            ended.cancel()

    async def _watch(self) -> None:
        """Wait until it is ready, then obey the probes. Raises DeploymentFailure when it is not well.

        Azure waits for the initial delay in any case; here the first good answer is enough.
        """
        probe = self._desired.liveness
        limit = max(_LEAST_START_SECONDS, probe.initial_delay + probe.period * probe.failure_threshold)
        try:
            async with asyncio.timeout(limit):
                await self._become_ready()
        except TimeoutError:
            text = self._output.excerpt()
            raise DeploymentFailure(
                f"the scoring process did not answer within {limit:.0f} s\n{text}"
            ) from None
        self._tell(ready=True)
        if not self._first.done():
            self._first.set_result(None)
        readiness = asyncio.create_task(self._watch_readiness())
        try:
            await self._watch_liveness()
        finally:
            readiness.cancel()

    async def _become_ready(self) -> None:
        probe = self._desired.readiness
        streak = Streak(probe, good=False)
        while not streak.tell(answered := await healthy(self._socket, _FIRST_PROBE_SECONDS)):
            await asyncio.sleep(probe.period if answered else _POLL_SECONDS)

    async def _watch_readiness(self) -> None:
        probe = self._desired.readiness
        streak = Streak(probe, good=True)
        while True:
            await asyncio.sleep(probe.period)
            self._tell(ready=streak.tell(await healthy(self._socket, probe.timeout)))

    async def _watch_liveness(self) -> None:
        probe = self._desired.liveness
        streak = Streak(probe, good=True)
        await asyncio.sleep(probe.initial_delay)
        while streak.tell(await healthy(self._socket, probe.timeout)):
            await asyncio.sleep(probe.period)
        self._log.say("azml: the liveness probe failed; the scoring process is started again")
        raise DeploymentFailure("the liveness probe failed")

    def _tell(self, *, ready: bool) -> None:
        if ready != self._ready:
            self._ready = ready
            self._changed()


def _code(process: asyncio.subprocess.Process) -> str:
    code = process.returncode
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
