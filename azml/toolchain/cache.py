"""Tools in the user's cache folder, which outlive a checkout; each is installed completely or not at all."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

Progress = Callable[[str], None]
"""Called with one line of progress, at most every few seconds."""


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """`AZML_CACHE_DIR`, else `azml` in the user's cache folder (XDG_CACHE_HOME, or ~/.cache on macOS too)."""
    if named := environment.get("AZML_CACHE_DIR"):
        return Path(named).expanduser().absolute()
    base = environment.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "azml"


@contextmanager
def locked(lock: Path, progress: Progress, period: float = 0.5) -> Iterator[None]:
    """Hold `lock` against every other process while the block runs; it is released if its holder dies."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        while not _taken(file.fileno()):
            progress("waiting for another run that is installing it")
            time.sleep(period)
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """A new folder that becomes `folder` atomically if the block succeeds, and is removed otherwise.

    Call it with the lock of `folder` held: it also removes what killed runs have left.
    """
    prefix = f".{folder.name}."
    for left in folder.parent.glob(f"{prefix}*.part"):
        shutil.rmtree(left, ignore_errors=True)
    part = Path(tempfile.mkdtemp(prefix=prefix, suffix=".part", dir=folder.parent))
    try:
        part.chmod(0o755)
        yield part
        if folder.exists():
            folder.rename(part.with_name(f"{part.name.removesuffix('.part')}.old.part"))
        part.rename(folder)
    finally:
        for left in folder.parent.glob(f"{prefix}*.part"):
            shutil.rmtree(left, ignore_errors=True)


def write_whole(file: Path, content: bytes, mode: int) -> None:
    """Give `file` this content and mode atomically, unless it has them: a reader sees the old or the new."""
    if file.exists() and file.read_bytes() == content and file.stat().st_mode & 0o777 == mode:
        return
    descriptor, part = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        Path(part).chmod(mode)
        Path(part).replace(file)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
