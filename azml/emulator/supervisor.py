"""The process a local Azure is: it owns the control plane, the router and every scoring process."""

import asyncio
import contextlib
import errno
import fcntl
import json
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from azml.emulator.certificates import Certificates, ensure_certificates
from azml.emulator.children import Child
from azml.emulator.collection.spool import Spool, take_up_parts
from azml.emulator.dataplane import tether
from azml.emulator.dataplane.environments import Environments
from azml.emulator.dataplane.history import History
from azml.emulator.dataplane.link import Link
from azml.emulator.dataplane.logs import Log
from azml.emulator.dataplane.plane import Plane
from azml.emulator.dataplane.service import application
from azml.emulator.dataplane.services import Services
from azml.emulator.files import private_folder, write_private
from azml.emulator.identity import ensure_identity
from azml.emulator.leftovers import clear, new_run_dir
from azml.emulator.ports import HOST, listen, port_of, require_free

RECORD = "emulator.json"
_READY_POLL_SECONDS = 0.05
_LEAST_FREE = 16 * 1024 * 1024
"""Bytes: with less a store that is being written could not even say what is wrong."""


class FolderTaken(Exception):
    """Another local Azure runs on the folder."""


@dataclass(frozen=True)
class Options:
    """How a local Azure runs. Ports of 0 are any; `cache` keeps scoring environments across clones."""

    folder: Path
    port: int
    scoring_port: int
    cache: Path


async def run(options: Options, stop: asyncio.Event, say: Callable[[str], None]) -> None:
    """Run a local Azure until `stop` is set or its control plane is asked to shut down; leave no process.

    Raises FolderTaken, PortTaken, ChildEnded, or OSError, as when the disk is full.
    """
    private_folder(options.folder)
    if shutil.disk_usage(options.folder).free < _LEAST_FREE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(options.folder))
    with _alone(options.folder):
        try:
            async with AsyncExitStack() as stack:
                left = await _start(options, stack, say)
                waits = [asyncio.create_task(event.wait()) for event in (stop, left)]
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                for wait in waits:
                    wait.cancel()
        finally:
            clear(options.folder)


async def _start(options: Options, stack: AsyncExitStack, say: Callable[[str], None]) -> asyncio.Event:
    """Start everything, each thing with its end on the stack; what is set when a client asks for the end."""
    folder, logs = options.folder, options.folder / "logs"
    run_dir = stack.enter_context(_run_dir(folder))
    certificates = ensure_certificates(folder)
    listener = stack.enter_context(listen(options.scoring_port, "--scoring-port"))
    require_free(options.port, "--port")
    scoring = f"https://{HOST}:{port_of(listener)}"
    link = Link()
    history = stack.enter_context(closing(History(folder / "metrics.db")))
    collected = folder / "collected"
    services = Services(ensure_identity(folder), certificates.ca_bundle, run_dir, Spool(collected))
    await services.start()
    stack.push_async_callback(services.stop)
    environments = Environments(options.cache / "environments")
    plane = Plane(link, environments, run_dir, logs, history, services)
    stack.push_async_callback(plane.stop)
    await stack.enter_async_context(_door(plane, run_dir / "dataplane.sock"))
    router = router_child(listener, certificates, run_dir, link, plane, collected, Log(logs / "router.log"))
    stack.push_async_callback(router.stop)
    plane.watch.start()
    stack.push_async_callback(plane.watch.stop)  # while the router is still there to tell what it counted
    control = _Control(options, scoring, run_dir)
    child = Child("control plane", control.prepare, control.started, Log(logs / "control.log"))
    stack.push_async_callback(child.stop)
    await router.answered()
    await child.answered()
    arm = f"https://{HOST}:{control.port}"
    _write_record(folder, arm, scoring, certificates)
    say(f"the local Azure answers at {arm}, its endpoints at {scoring}")
    return child.left


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder; the system lets go of it when this process dies."""
    with (folder / "supervisor.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise FolderTaken(f"process {holder} runs a local Azure on {folder} already") from None
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


@asynccontextmanager
async def _door(plane: Plane, path: Path) -> AsyncIterator[None]:
    runner = web.AppRunner(application(plane), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    try:
        yield
    finally:
        await runner.cleanup()


def router_child(
    listener: socket.socket,
    certificates: Certificates,
    run_dir: Path,
    link: Link,
    plane: Plane,
    collected: Path,
    log: Log,
) -> Child:
    """The router. The socket that clients reach stays open here: while it restarts, they wait in line."""
    ends: list[socket.socket] = []

    def prepare() -> tuple[Sequence[str], Sequence[int]]:
        while ends:
            ends.pop().close()
        ends.extend(socket.socketpair())
        take_up_parts(collected)
        command = [sys.executable, "-m", "azml.emulator.dataplane.router", "--parent", str(os.getpid())]
        command += ["--listener", str(listener.fileno()), "--control", str(ends[1].fileno())]
        command += ["--certificate", str(certificates.certificate), "--run-dir", str(run_dir)]
        command += ["--spool", str(collected)]
        return command, (listener.fileno(), ends[1].fileno())

    async def started() -> None:
        ours, theirs = ends
        ends.clear()
        theirs.close()
        await link.attach(ours)
        await link.route(plane.routes())
        await plane.publish()

    return Child("router", prepare, started, log)


class _Control:
    """The control plane's command, and its port, which a restart keeps."""

    def __init__(self, options: Options, scoring: str, run_dir: Path) -> None:
        self.port = options.port
        self._folder = options.folder
        self._scoring = scoring
        self._run_dir = run_dir
        self._ready = run_dir / "control.json"

    def prepare(self) -> tuple[Sequence[str], Sequence[int]]:
        self._ready.unlink(missing_ok=True)
        # The tether holds it also where its own watch could not: before it has started.
        tied = [sys.executable, "-I", "-S", tether.__file__, str(os.getpid())]
        command = [sys.executable, "-m", "azml.emulator.control", "--folder", str(self._folder)]
        command += ["--port", str(self.port), "--scoring-url", self._scoring]
        command += ["--dataplane-socket", str(self._run_dir / "dataplane.sock")]
        return [*tied, *command, "--ready-file", str(self._ready)], ()

    async def started(self) -> None:
        while True:
            with contextlib.suppress(FileNotFoundError, ValueError, KeyError):
                self.port = int(json.loads(self._ready.read_bytes())["port"])
                return
            await asyncio.sleep(_READY_POLL_SECONDS)


def _write_record(folder: Path, arm: str, scoring: str, certificates: Certificates) -> None:
    record = {
        "pid": os.getpid(),
        "arm": arm,
        "scoring": scoring,
        "ca": str(certificates.ca),
        "ca_bundle": str(certificates.ca_bundle),
        "token": ensure_identity(folder).token,
    }
    write_private(folder / RECORD, json.dumps(record, indent=2).encode())
