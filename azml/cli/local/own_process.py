"""Whether a process is the local Azure of a clone, even when the clone was moved or the machine restarted."""

import contextlib
import fcntl
from pathlib import Path

import psutil

from azml.cli.clone import Clone
from azml.cli.local.processes import alive, is_local_azure


def lives(clone: Clone, pid: int) -> bool:
    """Whether it runs. After a restart of the machine another process may have its number."""
    return alive(pid) and is_own(clone, pid)


def is_own(clone: Clone, pid: int) -> bool:
    """Whether it holds the lock of the clone's folder, even if that was moved, or names the folder."""
    if _holder(clone) == pid:
        return True
    with contextlib.suppress(psutil.Error):
        return is_local_azure(" ".join(psutil.Process(pid).cmdline()), clone)
    return False


def _holder(clone: Clone) -> int:
    """The process that holds the folder's lock; 0 when none does or it cannot be determined."""
    try:
        with (clone.emulator / "supervisor.lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read())
    except (OSError, ValueError):
        pass
    return 0


def moved_from(clone: Clone, pid: int) -> Path | None:
    """The folder in which it was started, if the clone has been moved since."""
    try:
        process = psutil.Process(pid)
        command = process.cmdline()
        folder = Path(process.cwd(), command[command.index("--folder") + 1])
    except (psutil.Error, ValueError, IndexError):
        return None
    try:
        return None if folder.samefile(clone.emulator) else folder
    except OSError:
        return folder
