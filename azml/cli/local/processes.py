"""Processes of this clone: finds them, and ends those that a killed run left behind."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import psutil

from azml.cli.clone import Clone

GRACE = 5.0
"""Seconds a process has to exit before it is killed."""


@dataclass(frozen=True)
class Orphan:
    """A process that outlived the run that started it."""

    process: psutil.Process
    what: str


def alive(pid: int, *, name: str = "", born_before: float | None = None) -> bool:
    """Whether `pid` is a live process, of that name and at least that old (seconds since the epoch).

    The name and the age tell it from another process that got the same number.
    """
    if pid <= 0:
        return False
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or name not in process.name():
            return False
        return born_before is None or process.create_time() <= born_before + 2
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def orphaned(pid: int, *, name: str) -> bool:
    """Whether `pid` is alive, has that name, and its parent is gone."""
    return alive(pid, name=name) and _parentless(psutil.Process(pid))


def end(processes: Iterable[psutil.Process]) -> None:
    """Terminate these processes, then kill those that remain; returns when they are gone."""
    waiting = list(processes)
    for process in waiting:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(waiting, timeout=GRACE)
    for process in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=GRACE)


def tree(pid: int) -> list[psutil.Process]:
    """The process and everything under it, parents first; empty when it is gone."""
    try:
        top = psutil.Process(pid)
        return [top, *top.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def listener(port: int) -> str:
    """Who listens on that TCP port of this machine, as `python3 (process 17)`; empty if unknown.

    Other users' processes are not visible, and on macOS only one's own can be inspected at all.
    """
    for process in psutil.process_iter(["name"]):
        with contextlib.suppress(psutil.Error, OSError):
            for taken in process.net_connections("tcp"):
                if taken.status == psutil.CONN_LISTEN and taken.laddr and taken.laddr.port == port:
                    return f"{process.info['name']} (process {process.pid})"
    return ""


def orphans(clone: Clone, *, keep: Iterable[int] = ()) -> list[Orphan]:
    """Processes that killed runs of this clone left: plugins, language hosts, and those of the local Azure.

    Everything below a pid in `keep`, and every process whose parent still runs, is left out.
    """
    kept = {process.pid for pid in keep for process in tree(pid)} | {os.getpid()}
    return [
        Orphan(process, what)
        for process, what in _ours(clone)
        if process.pid not in kept and _parentless(process)
    ]


def _ours(clone: Clone) -> Iterator[tuple[psutil.Process, str]]:
    own_user = psutil.Process().username()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            if process.username() == own_user and (what := _belongs(process, clone)):
                yield process, what


def _belongs(process: psutil.Process, clone: Clone) -> str:
    """The role of the process in this clone; empty when it is not ours."""
    line = " ".join(process.cmdline())
    root = f"{clone.root}{os.sep}"
    if "azml.providers." in line or "pulumi-resource-" in line:
        return "plugin" if root in line or _under(process, clone) else ""
    if "pulumi-language-python" in line:
        return "language host" if root in line or _under(process, clone) else ""
    if is_local_azure(line, clone) or _environment_names(process, clone):
        return "local Azure"
    return ""


def is_local_azure(line: str, clone: Clone) -> bool:
    """Whether this command line is a process of the clone's local Azure, not one that reads its files."""
    return "azml.emulator" in line and str(clone.emulator) in line


def _under(process: psutil.Process, clone: Clone) -> bool:
    return f"{process.cwd()}{os.sep}".startswith(f"{clone.root}{os.sep}")


def _environment_names(process: psutil.Process, clone: Clone) -> bool:
    """Scoring processes run from a cache that clones share: their environment names their clone's folders."""
    environment = process.environ()
    folders = (environment.get(name, "") for name in ("AZUREML_MODEL_DIR", "AML_APP_ROOT"))
    return any(folder.startswith(f"{clone.emulator}{os.sep}") for folder in folders)


def _parentless(process: psutil.Process) -> bool:
    """Whether its parent is gone: it then belongs to init, or to a session's reaper."""
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = process.parent()
        return parent is None or parent.pid == 1 or parent.name() in {"systemd", "launchd", "init", "tini"}
    return False
