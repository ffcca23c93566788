"""Writing files so that a killed process or a full disk leaves the old content or the new, never a half."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from azml.emulator.base.damage import note, set_aside


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner may enter, and give it back. A file in its place is put aside."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        note(path.parent, f"{path.name} was no folder: it is now {set_aside(path).name}.")
        path.mkdir(mode=0o700)
    return path


def write_private(path: Path, content: bytes) -> None:
    """Replace a file's content in one step; only its owner may read it. After an OSError the old stands.

    A folder in its place is put aside.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.is_dir():
            note(path.parent, f"{path.name} was a folder: it is now {set_aside(path).name}.")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold a lock file: of several processes, one at a time. The system lets go of it when a process dies."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
