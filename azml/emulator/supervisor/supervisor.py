"""The main process of a local Azure: it owns the control plane, the router and the scoring processes."""

import asyncio
import errno
import fcntl
import importlib
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from azml.emulator.base import process_life
from azml.emulator.base.certificates import Certificates, ensure_certificates
from azml.emulator.base.damage import NOTES, remove
from azml.emulator.base.files import private_folder, write_private
from azml.emulator.base.identity import ensure_identity
from azml.emulator.base.logs import Log
from azml.emulator.supervisor.children import Child
from azml.emulator.supervisor.control_process import ControlPlane, control_child
from azml.emulator.supervisor.leftovers import PathTooLong, clear, new_run_dir
from azml.emulator.supervisor.ports import HOST, listen, port_of, require_free
from azml.emulator.supervisor.serving.confinement import warning

if TYPE_CHECKING:
    from azml.emulator.supervisor.serving.dataplane import Dataplane

RECORD = "emulator.json"
_LEAST_FREE = 16 * 1024 * 1024
"""Bytes: with less, a store that is being written could not even report what is wrong."""


_SQLITE_LIMIT = 504
"""Bytes of a database's path: SQLite takes 512 with what it appends (MAX_PATHNAME in its os_unix.c)."""
_LONGEST_NAME = ".azure.db.copy"


class FolderTaken(Exception):
    """Another local Azure runs on the folder."""


@dataclass(frozen=True)
class Options:
    """How a local Azure runs. A port of 0 is any; `cache` shares scoring environments between clones."""

    folder: Path
    port: int
    scoring_port: int
    cache: Path


async def run(options: Options, stop: asyncio.Event, say: Callable[[str], None]) -> None:
    """Run a local Azure until `stop` is set or its control plane is asked to shut down; leave no process.

    Raises FolderTaken, PathTooLong, PortTaken, ChildEnded, or OSError, as when the disk is full.
    """
    folder = options.folder
    require_short(folder)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    private_folder(folder)
    if not any(folder.iterdir()):
        with suppress(PermissionError):  # where it belongs to another user who lets us write there
            folder.chmod(0o700)
    if shutil.disk_usage(folder).free < _LEAST_FREE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
    with _alone(folder):
        remove(folder / NOTES)
        try:
            async with AsyncExitStack() as stack:
                left = await _start(options, stack, say)
                waits = [asyncio.create_task(event.wait()) for event in (stop, left)]
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                for wait in waits:
                    wait.cancel()
        finally:
            clear(folder)


def clear_up(folder: Path) -> None:
    """End and remove what a killed local Azure left. Raises FolderTaken where one runs, and OSError."""
    with _alone(folder):
        clear(folder)


def require_short(folder: Path) -> None:
    """Raises PathTooLong for a folder in which SQLite cannot open a file."""
    length, limit = len(os.fsencode(folder)), _SQLITE_LIMIT - len(_LONGEST_NAME) - 1
    if length > limit:
        message = f"the path {folder} has {length} bytes, and SQLite takes at most {limit}"
        raise PathTooLong(f"{message}: move it to a shorter one")


async def _start(options: Options, stack: AsyncExitStack, say: Callable[[str], None]) -> asyncio.Event:
    """Start everything and put its end on the stack; the event is set when a client asks for shutdown."""
    folder, logs = options.folder, private_folder(options.folder / "logs")
    run_dir = stack.enter_context(_run_dir(folder))
    ensure_identity(folder)
    certificates = ensure_certificates(folder)
    listener = stack.enter_context(listen(options.scoring_port, "--scoring-port"))
    require_free(options.port, "--port")
    scoring = f"https://{HOST}:{port_of(listener)}"
    control = ControlPlane(folder, options.port, scoring, run_dir)
    child = control_child(control, Log(logs / "control.log"))
    stack.push_async_callback(child.stop)
    dataplane, router = await _data_plane(stack, options, run_dir, certificates, listener)
    stack.push_async_callback(child.stop)  # first of all: it asks the others
    await router.answered()
    await child.answered()
    await _announce_ready(dataplane, child)
    arm = f"https://{HOST}:{control.port}"
    _write_record(folder, arm, scoring, certificates)
    if warning():
        say(f"warning: {warning()}")
    process_life.begun()
    say(f"the local Azure answers at {arm}, its endpoints at {scoring}")
    return child.left


async def _data_plane(
    stack: AsyncExitStack,
    options: Options,
    run_dir: Path,
    certificates: Certificates,
    listener: socket.socket,
) -> "tuple[Dataplane, Child]":
    """Start the data plane and its router.

    Their modules are imported only now, while the control plane, on another processor, imports its own.
    """
    await asyncio.to_thread(importlib.import_module, "azml.emulator.supervisor.data_plane")
    from azml.emulator.supervisor.data_plane import start

    return await start(stack, options.folder, options.cache, run_dir, certificates, listener)


async def _announce_ready(dataplane: "Dataplane", control: Child) -> None:
    """Wait until the control plane has restored everything, or ends on request."""
    waits = [asyncio.create_task(wait) for wait in (dataplane.completed(), control.left.wait())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Lock the folder; the system releases the lock when this process dies."""
    with (folder / "supervisor.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise FolderTaken(f"process {holder} already runs a local Azure on {folder}") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def _run_dir(folder: Path) -> Iterator[Path]:
    run_dir = new_run_dir(folder)
    try:
        yield run_dir
    finally:
        shutil.rmtree(run_dir, ignore_errors=True)


def _write_record(folder: Path, arm: str, scoring: str, certificates: Certificates) -> None:
    record = {
        # Not a path of this folder, which may be moved together with these two.
        "pid": os.getpid(),
        "arm": arm,
        "scoring": scoring,
        "ca": certificates.ca.name,
        "ca_bundle": certificates.ca_bundle.name,
        "token": ensure_identity(folder).token,
        "warning": warning(),
    }
    write_private(folder / RECORD, json.dumps(record, indent=2).encode())
