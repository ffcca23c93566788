"""Atomic writes: a killed process or a full disk leaves either the old content or the new."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from azml.emulator.base.damage import note, set_aside


def private_folder(path: Path) -> Path:
    """Create a folder that only its owner may enter, and return it. A file in its place is renamed."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        note(path.parent, f"{path.name} was not a folder: the file is now {set_aside(path).name}.")
        path.mkdir(mode=0o700)
    return path


def write_private(path: Path, content: bytes) -> None:
    """Replace a file's content atomically; only its owner may read it. An OSError leaves the old content.

    A folder in its place is renamed.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.is_dir():
            note(path.parent, f"{path.name} was a folder: the folder is now {set_aside(path).name}.")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold a lock file, one process at a time. The system releases the lock when the process dies."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
