"""Instances that are processes of this machine: Microsoft's inference server with a scoring script."""

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from azml.emulator.base.child_processes import to_its_end
from azml.emulator.base.logs import Output
from azml.emulator.base.subprocesses import running
from azml.emulator.contract.deployments import DesiredDeployment
from azml.emulator.contract.instance_routes import InstanceRoute, InstanceRoutes
from azml.emulator.supervisor.environments.environments import Environment, Environments
from azml.emulator.supervisor.environments.programs import Say
from azml.emulator.supervisor.serving.azure_services import AzureServices
from azml.emulator.supervisor.serving.byte_code import LISTED, ByteCode
from azml.emulator.supervisor.serving.confinement import Confinement
from azml.emulator.supervisor.serving.instance_files import OwnFiles
from azml.emulator.supervisor.serving.launch import launch_of
from azml.emulator.supervisor.serving.runtime import Life

_numbers = itertools.count(1)
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Shared:
    """What all instances of a deployment share. `say` writes to the deployment's own log."""

    desired: DesiredDeployment
    environments: Environments
    environment: Environment
    run_dir: Path
    services: AzureServices
    confinement: Confinement
    byte_code: ByteCode
    say: Say


class ProcessRuntime:
    """A Runtime whose instances are processes."""

    noun = "scoring process"

    def __init__(self, shared: Shared, files: OwnFiles) -> None:
        self._shared = shared
        self._files = files

    @asynccontextmanager
    async def live(self, output: Output) -> AsyncIterator[Life]:
        """A process that listens on a unix socket, in a folder that is removed with it."""
        shared = self._shared
        own = await self._files.ready()
        await shared.byte_code.begin(shared.environment)
        folder = shared.run_dir / str(next(_numbers))
        folder.mkdir(mode=0o700)
        socket = folder / f"{folder.name}.sock"
        route = InstanceRoute(str(socket), "/")

        async def routes() -> InstanceRoutes:
            while not socket.exists():  # costs less than attempts to connect
                await asyncio.sleep(_POLL_SECONDS)
            return InstanceRoutes(route, route, route)

        grant = shared.services.admit(shared.desired)
        try:
            launch = launch_of(own, shared.environment, socket, grant.variables)
            readable = (shared.environment.folder, shared.services.bundle, *grant.files)
            launch = shared.confinement.around(launch, _writable(folder, own), readable)
            async with running(launch, output) as program:
                yield Life(socket.name, program, routes, own, program.pid, lambda: self._learn(folder))
        finally:
            shared.services.dismiss(grant)
            await to_its_end(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))

    async def renew(self, began: float) -> bool:
        """Recreate its files, whatever it wrote there, and rebuild the environment if it is damaged."""
        await self._files.remove()
        shared = self._shared
        return await shared.environments.repair(shared.environment, began, shared.say)

    async def close(self) -> None:
        """Remove its files."""
        await self._files.remove()

    def _learn(self, folder: Path) -> None:
        shared = self._shared
        shared.byte_code.learn(shared.environment, folder / LISTED, self._files.folder)


def _writable(folder: Path, own: DesiredDeployment) -> Iterator[Path]:
    """Folders that a process may write to: those of its own instance."""
    yield folder
    for path in (own.model_folder, own.code_folder):
        if path:
            yield path
