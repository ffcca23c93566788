"""One deployment: brings it to its desired state, and keeps the old instances serving until then."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from azml.emulator.base.child_processes import to_its_end
from azml.emulator.base.failures import DeploymentFailure
from azml.emulator.base.logs import Log
from azml.emulator.base.secrets import NoSecrets, TestSecrets
from azml.emulator.contract import routing_table
from azml.emulator.contract.deployments import SETTLED, DesiredDeployment, ObservedDeployment, State
from azml.emulator.supervisor.environments.environments import Environments
from azml.emulator.supervisor.environments.requirements import requirements_of
from azml.emulator.supervisor.serving.azure_services import AzureServices
from azml.emulator.supervisor.serving.byte_code import ByteCode
from azml.emulator.supervisor.serving.confinement import Confinement
from azml.emulator.supervisor.serving.container_runtime import container_runtime
from azml.emulator.supervisor.serving.generation import Generation, content, stop_all
from azml.emulator.supervisor.serving.instance import Instance
from azml.emulator.supervisor.serving.instance_files import Files
from azml.emulator.supervisor.serving.process_runtime import ProcessRuntime, Shared
from azml.emulator.supervisor.serving.runtime import Runtime


@dataclass(frozen=True)
class Surroundings:
    """What a deployment needs of its data plane.

    `files` keeps models and code; `confinement` is for scoring processes. `secrets` are filled into
    environment variables that ask for them. `changed` is called when an instance becomes ready or ends;
    `published` returns once the router routes to what is ready now; `drained` once the given instances have
    no requests left.
    """

    environments: Environments
    files: Files
    run_dir: Path
    services: AzureServices
    secrets: TestSecrets
    confinement: Confinement
    byte_code: ByteCode
    changed: Callable[[], None]
    published: Callable[[], Awaitable[None]]
    drained: Callable[[Sequence[routing_table.RoutedInstance]], Awaitable[None]]


class RunningDeployment:
    """A deployment and its instances. `server_log` and `storage_log` are the logs of Azure's containers."""

    def __init__(
        self, desired: DesiredDeployment, around: Surroundings, server_log: Log, storage_log: Log
    ) -> None:
        self.desired = desired
        self.limits = desired
        self.server_log = server_log
        self.storage_log = storage_log
        self._around = around
        self._state: State = "building"
        self._error: str | None = None
        self._settled = asyncio.Event()
        self._serving: Generation | None = None
        self._work: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def addresses(self) -> tuple[routing_table.RoutedInstance, ...]:
        """The instances that take requests now."""
        return self._serving.addresses if self._serving else ()

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The serving instances, ready or not."""
        return self._serving.instances if self._serving else ()

    @property
    def has_begun(self) -> bool:
        """Whether it takes requests, or has come to an end without that."""
        return bool(self.addresses) or self._state in SETTLED

    def observe(self) -> ObservedDeployment:
        """The deployment's state."""
        return ObservedDeployment(self.desired.key, self._state, len(self.addresses), self._error)

    async def settled(self, seconds: float) -> None:
        """Wait until it is ready or has failed, at most `seconds`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._settled.wait()

    async def want(self, desired: DesiredDeployment) -> None:
        """Set the desired state. Repeating the same changes nothing, or retries what failed."""
        async with self._turn:  # the first of two calls must have begun before the second interrupts it
            if self._work and desired == self.desired and self._state != "failed":
                return
            await self._interrupt()
            self.desired = desired
            self._enter("building")
            self._work = asyncio.create_task(self._become(desired))

    async def remove(self) -> None:
        """Finish the requests in progress, then stop. The router must have stopped routing to it."""
        await self._interrupt()
        if self._serving:
            await self._dismiss(self._serving.addresses, self._serving.take(0))
        await asyncio.gather(*self._leaving)
        for log in (self.server_log, self.storage_log):
            log.remove()

    async def stop(self) -> None:
        """Stop at once, without finishing requests."""
        await self._interrupt()
        for task in self._leaving:
            task.cancel()
        if self._serving:
            await stop_all(self._serving.take(0))
        await asyncio.gather(*self._leaving, return_exceptions=True)

    async def _interrupt(self) -> None:
        if self._work:
            self._work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._work

    async def _become(self, desired: DesiredDeployment) -> None:
        try:
            await self._try(desired)
        except DeploymentFailure as failure:
            self._fail(str(failure))
        except OSError as refused:
            self._fail(f"the operating system refused: {refused}")
        except Exception as unforeseen:
            # Callers that wait must learn of it: else the deployment would never leave its updating state.
            self._fail(f"this is a fault in the local Azure: {unforeseen!r}")

    async def _try(self, desired: DesiredDeployment) -> None:
        serving = self._serving
        if serving and serving.content == content(desired):
            self._enter("starting")
            await serving.grow(desired.instance_count)
            addresses = serving.addresses
            left = serving.take(desired.instance_count)
        else:
            new = await self._generation(desired)
            addresses, left = serving.addresses if serving else (), serving.take(0) if serving else []
            self._serving = new
        self.limits = desired
        if left:
            # Before any other await: an interruption there must not prevent them from being stopped.
            task = asyncio.create_task(self._dismiss(addresses, left))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
        await self._around.published()
        self._enter("ready")

    async def _generation(self, desired: DesiredDeployment) -> Generation:
        self._say(f"model: {desired.model_folder}, code: {desired.code_folder}")
        if desired.compute:
            self._say(
                f"the Kubernetes cluster {desired.compute} is simulated by this machine: instances are local "
                "processes, and what they may use is not limited"
            )
        runtime = await self._runtimes(desired)
        self._enter("starting")
        new = Generation(desired, lambda: Instance(desired, runtime(), self.server_log, self._around.changed))
        await new.grow(desired.instance_count)
        return new

    async def _runtimes(self, desired: DesiredDeployment) -> Callable[[], Runtime]:
        """A factory of the runtime for each instance."""
        around = self._around
        await around.files.prove(desired, self._say)
        try:
            variables = around.secrets.fill(desired.environment_variables)
        except NoSecrets as missing:
            raise DeploymentFailure(str(missing)) from missing
        desired = replace(desired, environment_variables=variables)
        if desired.container:
            container = await container_runtime(desired, desired.container, around.run_dir, self.storage_log)
            return lambda: container
        environment = await around.environments.prepare(requirements_of(desired), self._say)
        shared = Shared(
            desired,
            around.environments,
            environment,
            around.run_dir,
            around.services,
            around.confinement,
            around.byte_code,
            self._say,
        )
        return lambda: ProcessRuntime(shared, around.files.of_one(desired, self._say))

    async def _dismiss(
        self, addresses: Sequence[routing_table.RoutedInstance], instances: list[Instance]
    ) -> None:
        """Stop instances that are no longer needed, once the router knows and their requests are answered."""
        try:
            await self._around.published()
            gone = {one.address for one in instances}
            await self._around.drained([address for address in addresses if address in gone])
        finally:
            await to_its_end(stop_all(instances))

    def _fail(self, reason: str) -> None:
        self._say(f"failed: {reason}")
        self._enter("failed", reason)
        self._around.changed()

    def _enter(self, state: State, error: str | None = None) -> None:
        self._state, self._error = state, error
        if state in SETTLED:
            self._settled.set()
        else:
            self._settled.clear()

    def _say(self, text: str) -> None:
        self.storage_log.say(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}")
