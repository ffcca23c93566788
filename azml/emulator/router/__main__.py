"""The router's process: serves https on loopback, by the routing table that the supervisor sends.

It inherits two open sockets: the one clients connect to, which outlives it, and one to the supervisor. When
the latter closes, the supervisor has ended, and the router ends too.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import socket
import ssl
import time
from pathlib import Path
from random import Random
from typing import Any

from azml.emulator.base import process_life

if __name__ == "__main__":
    process_life.begin()

import uvloop

from azml.emulator.base.memory import Trimmer, give_back_large_blocks
from azml.emulator.base.parent_death import die_with_parent
from azml.emulator.contract import routing_table
from azml.emulator.contract.spool import Spool
from azml.emulator.router.client_connection import Front, Limits
from azml.emulator.router.dispatch import Dispatcher
from azml.emulator.router.meter import Meter
from azml.emulator.router.payloads import PayloadCollector

_SWEEP_SECONDS = 1.0
_LINE_LIMIT = 64 * 1024 * 1024


def tls(certificate: Path, key: Path) -> ssl.SSLContext:
    """A server's TLS settings."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


def answer(front: Front, message: dict[str, Any]) -> Any:
    """Carry out a command of the supervisor: apply a table, report how busy instances are, or the counts."""
    match message["do"]:
        case "route":
            front.dispatcher.apply(routing_table.from_json(message["table"]))
            return True
        case "busy":
            return front.dispatcher.busy(message["instances"])
        case "metrics":
            return [one.to_json() for one in front.meter.take()]
        case unknown:
            raise ValueError(f"the router cannot {unknown}")


async def obey(front: Front, control: socket.socket) -> None:
    """Answer the supervisor until it ends. Each message is a line of JSON, and so is each answer."""
    reader, writer = await asyncio.open_connection(sock=control, limit=_LINE_LIMIT)
    with contextlib.suppress(ConnectionError):
        while text := await reader.readline():
            writer.write(routing_table.line({"answer": answer(front, json.loads(text))}))
            await writer.drain()
    writer.close()


async def serve(
    listener: socket.socket, control: socket.socket, context: ssl.SSLContext, front: Front
) -> None:
    """Serve until the supervisor ends or this task is cancelled."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(front.connect, sock=listener, ssl=context, ssl_handshake_timeout=10)
    sweeper = loop.create_task(_sweep(front))
    try:
        await obey(front, control)
    finally:
        sweeper.cancel()
        server.close()


async def _sweep(front: Front) -> None:
    trimmer = Trimmer()
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        front.sweep(time.monotonic())
        trimmer.look(len(front.connections))


async def _main(arguments: argparse.Namespace) -> None:
    random = Random(arguments.seed)  # noqa: S311 - it draws shares, no secrets
    limits = Limits(arguments.request_seconds, arguments.idle_seconds)
    spool = Spool(arguments.spool)
    front = Front(Dispatcher(random), Meter(), PayloadCollector(spool, random), limits)
    listener = socket.socket(fileno=arguments.listener)
    control = socket.socket(fileno=arguments.control)
    task = asyncio.ensure_future(
        serve(listener, control, tls(arguments.certificate, arguments.certificate), front)
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    process_life.begun()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    spool.close()


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parent", type=int, required=True, help="process id of the supervisor")
    parser.add_argument("--listener", type=int, required=True, help="descriptor of the clients' socket")
    parser.add_argument(
        "--control", type=int, required=True, help="descriptor of the socket to the supervisor"
    )
    parser.add_argument("--certificate", type=Path, required=True, help="certificate chain and key, PEM")
    parser.add_argument("--spool", type=Path, required=True, help="folder for what the data collector gets")
    parser.add_argument("--run-dir", type=Path, help="names the process as one of this local Azure's")
    parser.add_argument("--request-seconds", type=float, default=Limits.request)
    parser.add_argument("--idle-seconds", type=float, default=Limits.idle)
    parser.add_argument("--seed", type=int, help="draw the same shares in every run")
    arguments = parser.parse_args()
    die_with_parent(arguments.parent)
    give_back_large_blocks()
    uvloop.run(_main(arguments))


if __name__ == "__main__":
    main()
    process_life.end(0)
