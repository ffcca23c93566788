"""Copies of files: sharing the same blocks on disk where the file system can do that, else byte by byte.

A clone (reflink) costs nothing however large the file is, and a write to one leaves the other unchanged.
With a hard link a write changes both, as both names are one file.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import shutil
import sys
from pathlib import Path

FICLONE = 0x40049409
"""The ioctl of Linux (linux/fs.h): btrfs, XFS and bcachefs know it, ext4 and tmpfs do not."""
CLONED_FROM = 64 * 1024  # bytes; smaller files are copied as fast
_CANNOT = (errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL, errno.EXDEV, errno.ENOSYS, errno.EPERM)
"""Errors of a file system that cannot clone, or cannot clone these two files."""


def duplicate(source: Path, target: Path) -> None:
    """Create a copy of a file. Raises OSError."""
    if not clone(source, target):
        shutil.copyfile(source, target)


def clone(source: Path, target: Path) -> bool:
    """Create a file that shares the blocks of another; False, with no file created, where that is impossible
    or not worthwhile.

    Raises OSError.
    """
    if source.stat().st_size < CLONED_FROM:
        return False
    try:
        (_clone_on_macos if sys.platform == "darwin" else _clone_on_linux)(source, target)
    except OSError as refused:
        if refused.errno not in _CANNOT:
            raise
        with contextlib.suppress(FileNotFoundError):
            target.unlink()
        return False
    return True


def _clone_on_linux(source: Path, target: Path) -> None:
    with source.open("rb", buffering=0) as old, target.open("wb", buffering=0) as new:
        fcntl.ioctl(new, FICLONE, old.fileno())


def _clone_on_macos(source: Path, target: Path) -> None:
    """APFS clones with a call of the system's library that Python 3.11 does not wrap."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.clonefile(os.fsencode(source), os.fsencode(target), 0):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(source))
