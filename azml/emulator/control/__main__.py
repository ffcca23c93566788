"""`python -m azml.emulator.control`: one control plane, until it is told to stop.

Writes `{"port": ..., "arm": ...}` to the ready file once it answers. Exits with 0 if it was asked to stop.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from azml.emulator.base import process_life

if __name__ == "__main__":
    process_life.begin()

import uvicorn

from azml.emulator.base.certificates import Certificates, ensure_certificates
from azml.emulator.base.file_limits import allow_many_connections
from azml.emulator.base.files import write_private
from azml.emulator.base.identity import DATAPLANE, ensure_identity
from azml.emulator.base.memory import Trimmer, give_back_large_blocks
from azml.emulator.base.parent_death import die_with_parent
from azml.emulator.control.arm.addresses import Addresses
from azml.emulator.control.dataplane_client import DataplaneClient
from azml.emulator.control.server.app import Control
from azml.emulator.control.server.connections import ImpatientProtocol
from azml.emulator.control.server.proxy import Proxy
from azml.emulator.control.server.proxy import listen as listen_for_proxy


@dataclass(frozen=True)
class Options:
    """The command line. Port 0 is any free port."""

    folder: Path
    port: int
    scoring_url: str
    dataplane_socket: Path
    ready_file: Path | None
    ready_fd: int | None


def main() -> int:
    """Serve until SIGTERM, SIGINT or a shutdown request; exit status 3 when the port is taken."""
    options = _read(sys.argv[1:])
    # Request lines can carry signatures: httpx-style access logs stay off, here and in uvicorn.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    die_with_parent(os.getppid())
    allow_many_connections()
    give_back_large_blocks()
    try:
        listening = _listen(options.port)
    except OSError as error:
        print(f"port {options.port} cannot be used: {error}", file=sys.stderr)
        return 3
    asyncio.run(_serve(options, listening))
    return 0


class Server(uvicorn.Server):
    """uvicorn's server, which announces that it is stopping: it waits for its answers, and some of them end
    only on that announcement."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._trimmer = Trimmer()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        self._trimmer.look(len(self.server_state.connections))
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        self._stopping()
        await super().shutdown(sockets)


async def _serve(options: Options, listening: socket.socket) -> None:
    port = listening.getsockname()[1]
    addresses = Addresses(f"https://127.0.0.1:{port}", options.scoring_url.rstrip("/"))
    certificates = ensure_certificates(options.folder)
    server: uvicorn.Server | None = None

    def stop() -> None:
        if server is not None:
            server.should_exit = True

    identity = ensure_identity(options.folder)
    proxy = Proxy(listen_for_proxy(options.folder), identity.derived("proxy"))
    control = Control(
        options.folder,
        addresses,
        certificates,
        identity,
        DataplaneClient(options.dataplane_socket, identity.derived(DATAPLANE)),
        stop,
        proxy.url,
    )
    server = Server(_config(control, certificates), control.studio.live.end)
    async with proxy.running():
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        if server.started:
            _announce(options, {"port": port, "arm": addresses.arm})
            process_life.begun()
        await serving


def _config(control: Control, certificates: Certificates) -> uvicorn.Config:
    return uvicorn.Config(
        control.app,
        http=ImpatientProtocol,
        ws="none",
        ssl_certfile=str(certificates.certificate),
        ssl_keyfile=str(certificates.key),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
    )


def _announce(options: Options, ready: dict[str, object]) -> None:
    content = json.dumps(ready).encode()
    if options.ready_file:
        write_private(options.ready_file, content)
    if options.ready_fd is not None:
        os.write(options.ready_fd, content + b"\n")
        os.close(options.ready_fd)


def _listen(port: int) -> socket.socket:
    # The protocol is given explicitly: only then asyncio turns off Nagle's algorithm, which delays answers
    # by the 40 ms of the client's delayed acknowledgement.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    return listening


def _read(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="azml.emulator.control")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--scoring-url", required=True)
    parser.add_argument("--dataplane-socket", type=Path, required=True)
    parser.add_argument("--ready-file", type=Path)
    parser.add_argument("--ready-fd", type=int)
    return Options(**vars(parser.parse_args(arguments)))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until uvicorn takes over: exit without a traceback
    process_life.end(main())
