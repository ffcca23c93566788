"""Building an environment: conda's packages with pip's on top, or by uv alone."""

import asyncio
import json
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from azml.emulator.base.child_processes import to_its_end
from azml.emulator.base.failures import EnvironmentFailure
from azml.emulator.supervisor.environments.conda import for_solver
from azml.emulator.supervisor.environments.pip_lines import PipLines, for_uv, hashed
from azml.emulator.supervisor.environments.programs import Say, run, uv
from azml.emulator.supervisor.environments.requirements import SERVER, Attempt, Requirements, attempts

_INSTALLER = ("-m", "azml.emulator.conda_installer")
_CUT_OFF = re.compile(r"Failed to fetch|Request failed after|dns error")
"""uv's messages when an index does not answer."""
_ROOT = Path(__file__).parents[4]


@dataclass(frozen=True)
class Plan:
    """What to build. With `channels` conda creates the environment, else uv, with the interpreter `python`.

    `warning` says that it is not the Python asked for; it is part of the error when the build fails.
    """

    name: str
    requirements: Requirements
    channels: tuple[str, ...] = ()
    python: str = ""
    warning: str = ""


async def build(folder: Path, plan: Plan, conda_cache: Path, lock: int, say: Say) -> None:
    """Build the environment. Raises EnvironmentFailure, after removing the folder."""
    if folder.exists():
        # Even when cancelled: the thread would go on, in the folder that the lock's next holder builds.
        await to_its_end(asyncio.to_thread(shutil.rmtree, folder))
    requirements = plan.requirements
    packages = requirements.conda.packages if requirements.conda and plan.channels else requirements.mapped
    say(f"building environment {folder.name}: {', '.join((*packages, *requirements.lines))}")
    for note in for_uv(requirements.lines).notes:
        say(note)
    try:
        if plan.channels:
            await _conda(folder, plan, conda_cache, lock, say)
        else:
            await _venv(folder, plan, lock)
        await _install(folder, plan, lock, say)
    except EnvironmentFailure as failure:
        await to_its_end(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))
        reason = f"{plan.warning}\n{failure}" if plan.warning else str(failure)
        raise EnvironmentFailure(reason) from failure


async def _venv(folder: Path, plan: Plan, lock: int) -> None:
    code, text = await uv(["venv", "--python", plan.python, str(folder)], folder.parent, lock)
    if code:
        raise EnvironmentFailure(f"the environment cannot be created: {text}")


async def _conda(folder: Path, plan: Plan, cache: Path, lock: int, say: Say) -> None:
    """The packages of the conda file, always including Python: the inference server needs it."""
    assert plan.requirements.conda  # noqa: S101 - a plan with channels is one of a conda file
    wanted = [*map(for_solver, plan.requirements.conda.packages), "python", "pip"]
    request = {"channels": plan.channels, "packages": wanted, "prefix": str(folder), "cache": str(cache)}
    given = json.dumps(request).encode()
    code, text = await run([sys.executable, *_INSTALLER], _ROOT, lock, {}, given, say)
    if code:
        raise EnvironmentFailure(f"conda cannot create the environment: {text}")


async def _install(folder: Path, plan: Plan, lock: int, say: Say) -> None:
    """Pip's packages, and those mapped from conda's: wheels only, else also sources, with a warning."""
    failures: list[str] = []
    for sources in (False, True):
        for attempt in attempts(plan.requirements):
            for batches in _ways(plan, attempt):
                code, text = await _pip(folder, batches, attempt.constraints, sources, lock)
                if code == 0:
                    if sources:
                        say(f"warning: not every package has a wheel. uv's message: {failures[0]}")
                    say(text)
                    if attempt.note:
                        say(f"{attempt.note}: {_server_of(folder)}")
                    return
                failures.append(text)
                if _CUT_OFF.search(text):  # a further attempt would wait as long again
                    raise EnvironmentFailure(f"the environment cannot be installed: {text}")
    # The last attempt asks for least: its message is about the file alone.
    raise EnvironmentFailure(f"the environment cannot be installed: {failures[-1]}")


def _ways(plan: Plan, attempt: Attempt) -> Iterator[tuple[PipLines, ...]]:
    """Batches to install, best first: both parts solved as one, else pip's on top as conda does it.

    Where pip's part names an index of its own, conda's packages are not looked up there.
    """
    pip = for_uv(attempt.lines)
    mapped = () if plan.channels else plan.requirements.mapped
    if not mapped or not pip.own_indexes:
        require = ("--require-hashes",) if hashed(pip.lines) and not mapped else ()
        yield (replace(pip, lines=(*mapped, *pip.lines), options=(*pip.options, *require)),)
    if mapped:
        yield PipLines(mapped), pip


async def _pip(
    folder: Path, batches: Sequence[PipLines], constraints: Sequence[str], sources: bool, lock: int
) -> tuple[int, str]:
    """Install batches of lines with uv, one after the other; returns its exit code and output."""
    wanted, limits = folder / "requirements.txt", folder / "constraints.txt"
    limits.write_text("\n".join(constraints) + "\n")
    printed = []
    for batch in batches:
        wanted.write_text("\n".join(batch.lines) + "\n")
        install = ["pip", "install", "--python", str(folder / "bin" / "python"), "-r", str(wanted)]
        install += [*(["--constraints", str(limits)] if constraints else []), *batch.options]
        code, text = await uv([*install, *(() if sources else ("--only-binary", ":all:"))], folder, lock)
        printed.append(text)
        if code:
            return code, text
    return 0, "\n".join(printed)


def _server_of(folder: Path) -> str:
    """The installed inference server's version."""
    pattern = f"lib/python*/site-packages/{SERVER.replace('-', '_')}-*.dist-info"
    found = [path.name.removesuffix(".dist-info").rpartition("-")[2] for path in folder.glob(pattern)]
    return found[0] if found else "none"
