"""Instances that are processes of this machine: Microsoft's inference server with a scoring script."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from azml.emulator.dataplane.attached import attached
from azml.emulator.dataplane.contract import DesiredDeployment
from azml.emulator.dataplane.doors import Door, Doors
from azml.emulator.dataplane.environments import Environment
from azml.emulator.dataplane.launch import launch_of
from azml.emulator.dataplane.logs import Output
from azml.emulator.dataplane.runtime import Life
from azml.emulator.dataplane.services import Services

_numbers = itertools.count(1)


class Scripted:
    """See the module: a Runtime."""

    noun = "scoring process"

    def __init__(
        self, desired: DesiredDeployment, environment: Environment, run_dir: Path, services: Services
    ) -> None:
        self._desired = desired
        self._environment = environment
        self._run_dir = run_dir
        self._services = services

    @asynccontextmanager
    async def live(self, output: Output) -> AsyncIterator[Life]:
        """A process behind a unix socket of its own."""
        socket = self._run_dir / f"{next(_numbers)}.sock"
        door = Door(str(socket), "/")

        async def doors() -> Doors:
            return Doors(door, door, door)

        grant = self._services.admit(self._desired)
        try:
            launch = launch_of(self._desired, self._environment, socket, grant.variables)
            async with attached(launch, output) as program:
                yield Life(socket.name, program, doors, program.pid)
        finally:
            socket.unlink(missing_ok=True)
            self._services.dismiss(grant)
