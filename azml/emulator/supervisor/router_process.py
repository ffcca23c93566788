"""The router as a child process of the supervisor: its command, and how to tell that it answers."""

import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from azml.emulator.base.certificates import Certificates
from azml.emulator.base.logs import Log
from azml.emulator.contract.spool import take_up_parts
from azml.emulator.supervisor.children import Child, Command
from azml.emulator.supervisor.serving.dataplane import Dataplane
from azml.emulator.supervisor.serving.router_client import RouterClient


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

    def prepare(self) -> Command:
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
