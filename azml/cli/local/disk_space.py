"""Checks that the disks an update writes to have space: without it, the engine retries for minutes."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from azml.cli.clone import Clone
from azml.cli.failure import CommandError

LEAST = 1024 * 1024
"""Bytes that must be free in every folder."""
COPIES = 4
"""How many copies of the state exist after an update: the state, the previous one, and two in the history."""


class DiskFull(CommandError):
    """A disk that the update writes to has no space left."""

    def __init__(self, folder: Path, needed: int) -> None:
        free = f"{_free(folder) // 1024} KB are free, {needed // 1024} KB are needed"
        super().__init__(
            f"the disk is full: {folder}, where {free}",
            "free some space, then run the same command again: it takes over what was created",
        )


def needs(clone: Clone) -> Mapping[Path, int]:
    """The bytes that must be free, by folder: of the state, the local Azure and temporary files."""
    states = [file.stat().st_size for file in clone.backend.glob("stacks/*/*.json")]
    state = max(LEAST, COPIES * max(states, default=0))
    return {clone.backend.parent: state, clone.work: LEAST, Path(tempfile.gettempdir()): LEAST}


def require(needed: Mapping[Path, int]) -> None:
    """Raises DiskFull for the first folder that has less space than it needs."""
    for folder, size in needed.items():
        if _free(folder) < size:
            raise DiskFull(folder, size)


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free
