"""The two child processes of the supervisor: their commands, and how to tell that each answers."""

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from azml.emulator.base.certificates import Certificates
from azml.emulator.base.logs import Log
from azml.emulator.base.parent_death import tied
from azml.emulator.contract.spool import take_up_parts
from azml.emulator.supervisor.children import Child
from azml.emulator.supervisor.serving.dataplane import Dataplane
from azml.emulator.supervisor.serving.router_client import RouterClient

_READY_POLL_SECONDS = 0.05
_Command = tuple[Sequence[str], Sequence[int]]
"""A command line, and the descriptors that its process inherits."""


def router_child(
    listener: socket.socket,
    certificates: Certificates,
    run_dir: Path,
    router_client: RouterClient,
    dataplane: Dataplane,
    collected: Path,
    log: Log,
) -> Child:
    """The router. The clients' socket stays open here: while the router restarts, connections wait."""
    options = ["--parent", str(os.getpid()), "--listener", str(listener.fileno())]
    options += ["--certificate", str(certificates.certificate), "--run-dir", str(run_dir)]
    router = _Router([*options, "--spool", str(collected)], listener, router_client, dataplane, collected)
    return Child("router", router.prepare, router.started, log)


def control_child(control: "ControlPlane", log: Log) -> Child:
    """The control plane, which ends when a client asks it to."""
    return Child("control plane", control.prepare, control.started, log, may_leave=True)


class _Router:
    """The router's command, and the connection to it, a new one for each start."""

    def __init__(
        self,
        options: Sequence[str],
        listener: socket.socket,
        router_client: RouterClient,
        dataplane: Dataplane,
        collected: Path,
    ) -> None:
        self._options = options
        self._listener = listener
        self._router_client = router_client
        self._dataplane = dataplane
        self._collected = collected
        self._ends: list[socket.socket] = []

    def prepare(self) -> _Command:
        while self._ends:
            self._ends.pop().close()
        self._ends.extend(socket.socketpair())
        take_up_parts(self._collected)
        router_end = self._ends[1].fileno()
        command = [sys.executable, "-m", "azml.emulator.router", "--control", str(router_end)]
        return [*command, *self._options], (self._listener.fileno(), router_end)

    async def started(self) -> None:
        own_end, router_end = self._ends
        self._ends.clear()
        router_end.close()
        await self._router_client.attach(own_end)
        await self._router_client.route(self._dataplane.routes())
        await self._dataplane.publish()


class ControlPlane:
    """The control plane's command, and its port, which stays the same over restarts."""

    def __init__(self, folder: Path, port: int, scoring: str, run_dir: Path) -> None:
        self.port = port
        self._folder = folder
        self._scoring = scoring
        self._run_dir = run_dir
        self._ready = run_dir / "control.json"

    def prepare(self) -> _Command:
        """The command of its next start."""
        self._ready.unlink(missing_ok=True)
        # This also ends it before its own check for its parent has started.
        command = [sys.executable, "-m", "azml.emulator.control", "--folder", str(self._folder)]
        command += ["--port", str(self.port), "--scoring-url", self._scoring]
        command += ["--dataplane-socket", str(self._run_dir / "dataplane.sock")]
        return tied(*command, "--ready-file", str(self._ready)), ()

    async def started(self) -> None:
        """Wait until it answers."""
        while True:
            with contextlib.suppress(FileNotFoundError, ValueError, KeyError):
                self.port = int(json.loads(self._ready.read_bytes())["port"])
                return
            await asyncio.sleep(_READY_POLL_SECONDS)
