"""The downloaded conda packages from which environments were built: `<cache>/conda`.

A finished environment has links to their files, or copies, and does not need them. They save the next build
from downloading them again.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from azml.cli.local.scoring_environments import environments_folder, sizes
from azml.toolchain.cache import cache_folder


def conda_folder() -> Path:
    """The folder of the packages and of the channels' package lists."""
    return cache_folder() / "conda"


def size() -> int:
    """Bytes on disk that removing them frees; files that an environment also has are not counted."""
    return sizes(conda_folder())[1]


def last_loaded() -> float:
    """When the last of them was downloaded, in seconds since the epoch; 0 without any."""
    packages = conda_folder() / "packages"
    return max((path.stat().st_mtime for path in packages.glob("*")), default=0.0)


def remove() -> bool:
    """Delete them all; False, with nothing done, while an environment is being built or there are none."""
    folder = conda_folder()
    with _no_build() as locked:
        if not locked or not folder.is_dir():
            return False
        aside = folder.with_name(".conda.pruned")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)
    return True


@contextmanager
def _no_build() -> Iterator[bool]:
    """Whether nothing is being built; environments built before cannot be rebuilt while the block runs."""
    with ExitStack() as held:
        for lock in environments_folder().glob("*.lock"):
            descriptor = os.open(lock, os.O_RDWR)
            held.callback(os.close, descriptor)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
        yield True
