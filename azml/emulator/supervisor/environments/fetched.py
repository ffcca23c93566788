"""The caches of uv and conda. An environment's files are links to the files in them.

A file that was modified in one place is modified in all: a rebuilt environment must not use it.
"""

import asyncio
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from azml.emulator.base.child_processes import to_its_end
from azml.emulator.supervisor.environments.installed import packages_of
from azml.emulator.supervisor.environments.programs import uv


async def forget(folder: Path, paths: Sequence[str], conda_cache: Path, lock: int) -> None:
    """Remove from the caches the packages that these files of an environment belong to."""
    names = sorted(await asyncio.to_thread(packages_of, folder, paths))
    if names:
        await uv(["cache", "clean", *names], folder.parent, lock)
    for package in _of_conda(folder, frozenset(paths)):
        kept = conda_cache / "packages" / package
        await to_its_end(asyncio.to_thread(shutil.rmtree, kept, ignore_errors=True))


def _of_conda(folder: Path, paths: frozenset[str]) -> Iterator[str]:
    """The names, with version and build, of conda's packages that have one of these files."""
    for record in folder.glob("conda-meta/*.json"):
        try:
            held = json.loads(record.read_bytes()).get("files", ())
        except (OSError, ValueError):
            continue
        if not paths.isdisjoint(held):
            yield record.stem
