"""Where to reach an instance: an address and a path for each purpose."""

import asyncio
import socket
from dataclasses import dataclass


@dataclass(frozen=True)
class InstanceRoute:
    """A URL path at an address, which is the path of a unix socket or `127.0.0.1:PORT`."""

    address: str
    path: str


@dataclass(frozen=True)
class InstanceRoutes:
    """Where an instance takes requests and probes."""

    scoring: InstanceRoute
    liveness: InstanceRoute
    readiness: InstanceRoute


def socket_of(address: str) -> tuple[socket.AddressFamily, str | tuple[str, int]]:
    """An address as the socket module takes it."""
    if address.startswith("/"):
        return socket.AF_UNIX, address
    host, _, port = address.rpartition(":")
    return socket.AF_INET, (host, int(port))


async def connect(route: InstanceRoute) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection. Raises OSError when that fails."""
    family, target = socket_of(route.address)
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, target)
        return await asyncio.open_connection(sock=connection)
    except BaseException:
        connection.close()
        raise
