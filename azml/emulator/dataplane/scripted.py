"""Instances that are processes of this machine: Microsoft's inference server with a scoring script."""

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from azml.emulator.dataplane.attached import attached
from azml.emulator.dataplane.confinement import Confinement
from azml.emulator.dataplane.contract import DesiredDeployment
from azml.emulator.dataplane.doors import Door, Doors
from azml.emulator.dataplane.environments import Environment
from azml.emulator.dataplane.launch import byte_code_of, launch_of
from azml.emulator.dataplane.logs import Output
from azml.emulator.dataplane.runtime import Life
from azml.emulator.dataplane.services import Services
from azml.emulator.endings import to_its_end

_numbers = itertools.count(1)


class Scripted:
    """See the module: a Runtime."""

    noun = "scoring process"

    def __init__(
        self,
        desired: DesiredDeployment,
        environment: Environment,
        run_dir: Path,
        services: Services,
        confinement: Confinement,
    ) -> None:
        self._desired = desired
        self._environment = environment
        self._run_dir = run_dir
        self._services = services
        self._confinement = confinement

    @asynccontextmanager
    async def live(self, output: Output) -> AsyncIterator[Life]:
        """A process behind a unix socket in a folder of its own, which goes with it."""
        folder = self._run_dir / str(next(_numbers))
        folder.mkdir(mode=0o700)
        socket = folder / f"{folder.name}.sock"
        door = Door(str(socket), "/")

        async def doors() -> Doors:
            return Doors(door, door, door)

        grant = self._services.admit(self._desired)
        try:
            launch = launch_of(self._desired, self._environment, socket, grant.variables)
            readable = (self._environment.folder, self._services.bundle, *grant.files)
            launch = self._confinement.around(launch, self._own(folder), readable)
            async with attached(launch, output) as program:
                yield Life(socket.name, program, doors, program.pid)
        finally:
            self._services.dismiss(grant)
            await to_its_end(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))

    def _own(self, folder: Path) -> Iterator[Path]:
        """Where its process may write. The environment keeps byte code for the next start."""
        yield folder
        cache = byte_code_of(self._environment)
        with suppress(OSError):  # without it modules are compiled anew at each start
            cache.mkdir(exist_ok=True)
        yield cache
        for path in (self._desired.model_folder, self._desired.code_folder):
            if path:
                yield path
