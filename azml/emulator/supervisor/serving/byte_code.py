"""The byte code of environments, which all deployments of an environment share and no script can write.

What every scoring process imports is compiled before the first one starts; what else one has imported,
once it is ready. Two seconds of its start would go to compiling otherwise.
"""

import asyncio
import contextlib
import os
import stat
from collections import defaultdict
from pathlib import Path

from azml.emulator.base.failures import EnvironmentFailure
from azml.emulator.base.logs import Log, Output
from azml.emulator.base.subprocesses import Launch, running
from azml.emulator.supervisor.environments.environments import Environment, Environments
from azml.emulator.supervisor.environments.programs import run
from azml.emulator.supervisor.serving.confinement import Confinement
from azml.emulator.supervisor.serving.launch import SCORING

LISTED = "imported"
"""The file in which a scoring process lists what it imported without byte code, in a folder of its own."""
_LONGEST_LIST = 4 << 20  # bytes
_LONGEST_IMPORT_SECONDS = 60.0


class ByteCode:
    """Compiles modules of environments. A failure only means that starts take longer."""

    def __init__(self, environments: Environments, confinement: Confinement) -> None:
        self._environments = environments
        self._confinement = confinement
        self._listed: defaultdict[Environment, set[str]] = defaultdict(set)
        self._known: defaultdict[Environment, set[str]] = defaultdict(set)
        self._compiling: asyncio.Task[None] | None = None

    async def begin(self, environment: Environment) -> None:
        """Compile what every scoring process imports, if the environment has no byte code yet.

        Raises OSError when it has no interpreter, DeploymentFailure when nothing can be confined.
        """
        if environment.byte_code.is_dir():
            return
        with contextlib.suppress(EnvironmentFailure):  # it cannot be written
            async with self._environments.alone(environment):
                if not environment.byte_code.is_dir():
                    environment.byte_code.mkdir()
                    await self._import_server(environment)

    def learn(self, environment: Environment, reported: Path, own: Path) -> None:
        """Compile in the background what a scoring process has listed in the file `reported`, if any.

        Its script's modules, which are in its `own` folder, are left out, and so is what was listed before.
        """
        listed = {path for path in _read(reported) if not path.startswith(f"{own}/")}
        paths = listed - self._known[environment]
        if paths:
            self._known[environment] = listed
            self._listed[environment].update(paths)
            if self._compiling is None or self._compiling.done():
                self._compiling = asyncio.create_task(self._compile())

    async def compiled(self) -> None:
        """Wait until everything that was listed is compiled."""
        if self._compiling:
            await asyncio.wait({self._compiling})

    async def stop(self) -> None:
        """End what is being compiled."""
        if self._compiling:
            self._compiling.cancel()
            await self.compiled()

    async def _import_server(self, environment: Environment) -> None:
        command = (*_python(environment), str(SCORING / "import_server.py"))
        launch = Launch(command, environment.byte_code, {"PATH": os.defpath})
        # A package may run code of its own when it is imported.
        launch = self._confinement.around(launch, (environment.byte_code,), (environment.folder,))
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_LONGEST_IMPORT_SECONDS), running(launch, _nowhere()) as program:
                await program.wait()

    async def _compile(self) -> None:
        while self._listed:
            environment, paths = self._listed.popitem()
            command = (*_python(environment), "-S", str(SCORING / "compile_listed.py"))
            roots = (str(environment.folder), str(SCORING))
            given = "\n".join(paths).encode("utf-8", "replace")
            with contextlib.suppress(EnvironmentFailure, OSError):
                async with self._environments.alone(environment) as lock:
                    await run((*command, *roots), environment.folder, lock, {}, given)


def _python(environment: Environment) -> tuple[str, ...]:
    """Its Python, which heeds no variables and writes byte code where it is shared."""
    return str(environment.python), "-I", "-X", f"pycache_prefix={environment.byte_code}"


def _nowhere() -> Output:
    return Output(Log(Path(os.devnull)))


def _read(reported: Path) -> list[str]:
    """The lines of a file in a folder that a script can write: it may be a pipe, or a symlink to anything."""
    try:
        descriptor = os.open(reported, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
            regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
            return file.read(_LONGEST_LIST).decode("utf-8", "replace").splitlines() if regular else []
    except OSError:
        return []
