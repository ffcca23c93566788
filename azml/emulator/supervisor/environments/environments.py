"""Scoring environments: one folder for each set of requirements, built once and then reused."""

import asyncio
import fcntl
import hashlib
import json
import os
import platform
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from azml.emulator.base.child_processes import to_its_end
from azml.emulator.base.failures import EnvironmentFailure
from azml.emulator.supervisor.environments import channels
from azml.emulator.supervisor.environments.building import Plan, build
from azml.emulator.supervisor.environments.conda import channels_of
from azml.emulator.supervisor.environments.fetched import forget
from azml.emulator.supervisor.environments.installed import LISTED, can_start, damage, note
from azml.emulator.supervisor.environments.interpreters import Interpreters
from azml.emulator.supervisor.environments.programs import Say, masked
from azml.emulator.supervisor.environments.requirements import Requirements

COMPLETE = "complete.json"
_FORMAT = 3
_ASK_AGAIN_SECONDS = 60.0


@dataclass(frozen=True)
class Environment:
    """A folder with a Python that has everything a deployment imports, built by `plan`."""

    folder: Path
    plan: Plan

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def byte_code(self) -> Path:
        """Where the byte code of its modules is kept: elsewhere after the interpreter was updated.

        Raises OSError when there is no interpreter.
        """
        found = self.python.stat()
        return self.folder / f"byte-code-{found.st_size:x}-{int(found.st_mtime):x}"


class Environments:
    """The cache of environments under one folder, which several local Azures may share.

    `folders` are those whose files are in environments: links to the files of conda's packages.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._conda = folder.with_name("conda")
        self.folders = (folder, self._conda)
        self._interpreters = Interpreters(folder / "pythons.json")
        self._silent: dict[tuple[str, ...], tuple[float, tuple[str, ...]]] = {}

    async def prepare(self, requirements: Requirements, say: Say) -> Environment:
        """The environment for these requirements, built if there is none yet. Messages contain no passwords.

        Built from conda's packages where the conda file's channels answer, else by uv from Python's.
        Raises EnvironmentFailure with the resolver's own message. If cancelled or killed, it leaves nothing
        that could be taken for complete.
        """
        try:
            return await self._prepare(requirements, lambda text: say(masked(text)))
        except EnvironmentFailure as failure:
            raise EnvironmentFailure(masked(str(failure))) from None

    async def _prepare(self, requirements: Requirements, say: Say) -> Environment:
        for remark in requirements.notes:
            say(remark)
        plan = await self._plan(requirements, say)
        folder = self._folder / plan.name
        if _is_there(folder):
            say(f"environment {plan.name} is in the cache")
            return Environment(folder, plan)
        async with self._alone(plan, say) as lock:
            if not _is_there(folder):
                await self._build_anew(folder, plan, lock, say)
        return Environment(folder, plan)

    @asynccontextmanager
    async def alone(self, environment: Environment) -> AsyncIterator[int]:
        """Hold the lock of an environment, so that nobody rebuilds it; yields the lock's descriptor.

        Raises EnvironmentFailure for an OSError inside.
        """
        async with self._alone(environment.plan, lambda _: None) as lock:
            yield lock

    async def repair(self, environment: Environment, began: float, say: Say) -> bool:
        """Rebuild an environment if it is damaged, and say so. Also True if it was rebuilt since `began`.

        To be called when nothing could be started from it; `began` is in unix seconds. Modified files are
        fetched again, as they are links to those in uv's or conda's cache. Raises EnvironmentFailure.
        """
        try:
            return await self._mend(environment, began, lambda text: say(masked(text)))
        except EnvironmentFailure as failure:
            raise EnvironmentFailure(masked(str(failure))) from None

    async def _mend(self, environment: Environment, began: float, say: Say) -> bool:
        folder, plan = environment.folder, environment.plan
        async with self._alone(plan, say) as lock:
            if _is_there(folder) and not await asyncio.to_thread(damage, folder):
                return (folder / COMPLETE).stat().st_mtime >= began
            await self._build_anew(folder, plan, lock, say)
        return True

    async def _build_anew(self, folder: Path, plan: Plan, lock: int, say: Say) -> None:
        """Build a missing or damaged environment. One that was never finished has no list of files."""
        if (folder / LISTED).is_file() and (found := await asyncio.to_thread(damage, folder)):
            say(f"environment {plan.name} is damaged ({found}): rebuilding it")
            if found.changed:
                await forget(folder, found.changed, self._conda, lock)
        await self._build(folder, plan, lock, say)

    @asynccontextmanager
    async def _alone(self, plan: Plan, say: Say) -> AsyncIterator[int]:
        """Hold the lock of an environment. Raises EnvironmentFailure for an OSError inside."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            async with _only_one(self._folder / f"{plan.name}.lock", say) as lock:
                yield lock
        except OSError as refused:
            raise EnvironmentFailure(f"cannot write the environment: {refused}") from refused

    async def _build(self, folder: Path, plan: Plan, lock: int, say: Say) -> None:
        await build(folder, plan, self._conda, lock, say)
        await to_its_end(asyncio.to_thread(note, folder))
        partial = folder / f"{COMPLETE}.partial"
        asked = {"requirements": plan.requirements.lines, "python": plan.python, "channels": plan.channels}
        partial.write_text(json.dumps({"format": _FORMAT, **asked}))
        partial.replace(folder / COMPLETE)

    async def _plan(self, requirements: Requirements, say: Say) -> Plan:
        """How to build it. One that is there is used as it is: neither channels nor uv are asked again."""
        file = requirements.conda
        if file and file.packages:
            places = channels.addresses((*file.channels, *channels_of(file.packages)))
            parts = [sorted(file.packages), places, sorted(file.pip)]
            plan = Plan(_name(parts), requirements, channels=places)
            if (self._folder / plan.name / COMPLETE).is_file():
                return plan
            silent = await self._silent_ones(places)
            if not silent:
                return plan
            say(f"conda's channels do not answer ({', '.join(silent)}): using Python's packages instead")
            for name in requirements.dropped:
                say(f"left out: {name} is a conda package with no known Python package")
        lines = sorted((*requirements.lines, *requirements.mapped))
        last = self._interpreters.last(requirements.python)
        if last and _is_there(self._folder / _name([lines, last])):
            return Plan(_name([lines, last]), requirements, python=last)
        found = await self._interpreters.find(requirements.python, say)
        return Plan(_name([lines, found.path]), requirements, python=found.path, warning=found.warning)

    async def _silent_ones(self, places: tuple[str, ...]) -> tuple[str, ...]:
        """The channels that do not answer. They are asked again after a minute."""
        now = asyncio.get_running_loop().time()
        asked, silent = self._silent.get(places, (0.0, ()))
        if not silent or now - asked > _ASK_AGAIN_SECONDS:
            silent = await channels.silent(places)
            self._silent[places] = now, silent
        return silent


def _is_there(folder: Path) -> bool:
    return (folder / COMPLETE).is_file() and can_start(folder)


def _name(parts: Sequence[object]) -> str:
    content = json.dumps([*parts, platform.platform(), _FORMAT])
    return hashlib.sha256(content.encode()).hexdigest()[:20]


@asynccontextmanager
async def _only_one(path: Path, say: Say) -> AsyncIterator[int]:
    """Hold a lock file against all other processes and tasks; yields its descriptor."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        waited = False
        while not _taken(descriptor):
            if not waited:
                say("another deployment is building this environment; waiting for it")
            waited = True
            await asyncio.sleep(0.1)
        yield descriptor
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
