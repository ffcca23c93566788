"""Instances that are containers: a custom container's image, its ports published on loopback only."""

import asyncio
import csv
import io
import itertools
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from azml.emulator.base.child_processes import to_its_end
from azml.emulator.base.container_engine import ContainerEngine, find_engine, label
from azml.emulator.base.logs import Log, Output
from azml.emulator.base.parent_death import tied
from azml.emulator.base.subprocesses import Launch, running
from azml.emulator.contract.deployments import CustomContainer, DesiredDeployment, Route
from azml.emulator.contract.instance_routes import InstanceRoute, InstanceRoutes
from azml.emulator.supervisor.ports import HOST
from azml.emulator.supervisor.serving.runtime import Life

_POLL_SECONDS = 0.2
_numbers = itertools.count(1)
# Variables that would change how the engine's command line itself runs.
_HEEDED = frozenset(
    {
        *("PATH", "HOME", "USER", "TMPDIR", "LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES"),
        *("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS"),
        *("DOCKER_TLS_VERIFY", "DOCKER_API_VERSION", "DOCKER_DEFAULT_PLATFORM", "XDG_RUNTIME_DIR"),
        *("XDG_CONFIG_HOME", "XDG_DATA_HOME", "CONTAINER_HOST", "CONTAINER_CONNECTION", "CONTAINERS_CONF"),
        *("CONTAINERS_REGISTRIES_CONF", "CONTAINERS_STORAGE_CONF", "STORAGE_DRIVER", "STORAGE_OPTS"),
    }
)


async def container_runtime(
    desired: DesiredDeployment, container: CustomContainer, run_dir: Path, log: Log
) -> "ContainerRuntime":
    """The runtime of a custom container, after its image was pulled. Raises DeploymentFailure."""
    engine = await asyncio.to_thread(find_engine)
    log.say(
        f"instances are containers of {engine.program}: they cannot reach this machine's loopback, where the "
        "local Azure gives out tokens of managed identities and collects data"
    )
    await engine.ensure_image(container.image, log)
    return ContainerRuntime(engine, desired, container, run_dir)


class ContainerRuntime:
    """A Runtime whose instances are containers."""

    noun = "container"

    def __init__(
        self, engine: ContainerEngine, desired: DesiredDeployment, container: CustomContainer, run_dir: Path
    ) -> None:
        self._engine = engine
        self._desired = desired
        self._container = container
        self._run_dir = run_dir

    @asynccontextmanager
    async def live(self, output: Output) -> AsyncIterator[Life]:
        """A container with a unique name. The command line's process runs as long as the container does."""
        name = f"{self._run_dir.name}-{next(_numbers)}"
        launch = launch_of(self._engine.program, name, label(self._run_dir), self._desired, self._container)

        async def routes() -> InstanceRoutes:
            one = self._container
            return InstanceRoutes(
                *[await self._route_to(name, route) for route in (one.scoring, one.liveness, one.readiness)]
            )

        try:
            async with running(launch, output) as program:
                try:
                    yield Life(name, program, routes, self._desired)
                finally:
                    if program.returncode is None:
                        await to_its_end(self._engine.stop(name))
        finally:
            # If the command line was ended while starting the container, the container may still run.
            await to_its_end(self._engine.remove(name))

    async def renew(self, began: float) -> bool:
        """Nothing to repair: the engine protects its images, and a container cannot write to its mounts."""
        return False

    async def close(self) -> None:
        """Nothing to remove: a container that has ended leaves nothing."""

    async def _route_to(self, name: str, route: Route) -> InstanceRoute:
        while not (address := await self._engine.address(name, route.port)):
            await asyncio.sleep(_POLL_SECONDS)
        return InstanceRoute(address, route.path)


def launch_of(
    program: str, name: str, mark: str, desired: DesiredDeployment, container: CustomContainer
) -> Launch:
    """How to start a container. Its variables' values are not passed as arguments: every user sees those."""
    variables = _variables(desired, container)
    routes = (container.scoring, container.liveness, container.readiness)
    command = [program, "run", "--rm", "--pull", "never", "--name", name, "--label", mark]
    for port in sorted({route.port for route in routes}):
        command += ["--publish", f"{HOST}::{port}"]
    for source, target in (
        (desired.model_folder, container.model_at),
        (desired.code_folder, container.code_at),
    ):
        if source and target:
            command += ["--mount", _mount(source, target)]
    for variable, value in variables.items():
        command += ["--env", f"{variable}={value}" if variable in _HEEDED else variable]
    handed = {variable: value for variable, value in variables.items() if variable not in _HEEDED}
    return Launch(tied(*command, container.image), Path.home(), {**os.environ, **handed})


def _variables(desired: DesiredDeployment, container: CustomContainer) -> Mapping[str, str]:
    variables = {"SERVICE_NAME": desired.name, **desired.environment_variables}
    if desired.model_folder and container.model_at:
        variables["AZUREML_MODEL_DIR"] = container.model_at
    if desired.code_folder and container.code_at and desired.scoring_script:
        variables["AML_APP_ROOT"] = container.code_at
        variables["AZUREML_ENTRY_SCRIPT"] = desired.scoring_script
    return variables


def _mount(source: Path, target: str) -> str:
    """A read-only mount. The engine parses it as a line of CSV: a comma needs quotes."""
    line = io.StringIO()
    fields = ["type=bind", f"source={source}", f"target={target}", "readonly"]
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()
