"""Whether the disks that an update writes to have space: an engine without it goes on for minutes."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from azml.cli.clone import Clone
from azml.cli.failure import CommandError

LEAST = 1024 * 1024
"""Bytes that every folder has to have free."""
COPIES = 4
"""How many states an update ends with: the state, the one before, and two in its history."""


class DiskFull(CommandError):
    """A disk that the update writes to has no space left."""

    def __init__(self, folder: Path, needed: int) -> None:
        free = f"{_free(folder) // 1024} KB are free, {needed // 1024} KB are needed"
        super().__init__(
            f"the disk is full: {folder}, where {free}",
            "free some space, then run the same command again: it takes over what was made",
        )


def needs(clone: Clone) -> Mapping[Path, int]:
    """The bytes that have to be free, by folder: of the state, of the local Azure, of temporary files."""
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
