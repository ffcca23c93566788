"""Instances that are processes of this machine: Microsoft's inference server with a scoring script."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from azml.emulator.dataplane.attached import attached
from azml.emulator.dataplane.contract import DesiredDeployment
from azml.emulator.dataplane.doors import Door, Doors
from azml.emulator.dataplane.environments import Environment, Environments
from azml.emulator.dataplane.files import OwnFiles
from azml.emulator.dataplane.launch import launch_of
from azml.emulator.dataplane.logs import Output
from azml.emulator.dataplane.programs import Say
from azml.emulator.dataplane.runtime import Life
from azml.emulator.dataplane.services import Services

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Shared:
    """What all instances of a deployment run from. `say` writes to the deployment's own log."""

    desired: DesiredDeployment
    environments: Environments
    environment: Environment
    run_dir: Path
    services: Services
    say: Say


class Scripted:
    """See the module: a Runtime."""

    noun = "scoring process"

    def __init__(self, shared: Shared, files: OwnFiles) -> None:
        self._shared = shared
        self._files = files

    @asynccontextmanager
    async def live(self, output: Output) -> AsyncIterator[Life]:
        """A process behind a unix socket of its own."""
        shared = self._shared
        socket = shared.run_dir / f"{next(_numbers)}.sock"
        door = Door(str(socket), "/")

        async def doors() -> Doors:
            return Doors(door, door, door)

        own = await self._files.ready()
        grant = shared.services.admit(shared.desired)
        try:
            launch = launch_of(own, shared.environment, socket, grant.variables)
            async with attached(launch, output) as program:
                yield Life(socket.name, program, doors, own, program.pid)
        finally:
            socket.unlink(missing_ok=True)
            shared.services.dismiss(grant)

    async def renew(self, began: float) -> bool:
        """Its files are made anew, whatever it wrote there; the environment is, if it is damaged."""
        await self._files.remove()
        shared = self._shared
        return await shared.environments.mend(shared.environment, began, shared.say)

    async def close(self) -> None:
        """Remove its files."""
        await self._files.remove()
