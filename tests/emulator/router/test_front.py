"""The limits on silent and slow clients, with a steered clock."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from azml.emulator.contract.spool import Spool
from azml.emulator.router.client_connection import Front, Limits
from azml.emulator.router.dispatch import Dispatcher
from azml.emulator.router.meter import Meter
from azml.emulator.router.payloads import PayloadCollector
from tests.emulator.harness import until

LIMITS = Limits(request=60, idle=75)


@pytest.fixture
def front(tmp_path: Path) -> Front:
    collecting = PayloadCollector(Spool(tmp_path), Random(1))
    return Front(Dispatcher(Random(1)), Meter(), collecting, LIMITS)


@pytest.fixture
async def client(front: Front) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    server = await asyncio.get_running_loop().create_server(front.connect, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
    await until(lambda: front.connections)
    yield reader, writer
    writer.close()
    await until(lambda: not front.connections)
    server.close()


Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def test_a_silent_client_is_hung_up_on(front: Front, client: Client) -> None:
    reader, _ = client
    front.sweep(time.monotonic() + LIMITS.idle - 5)
    assert front.connections
    front.sweep(time.monotonic() + LIMITS.idle + 5)
    assert await asyncio.wait_for(reader.read(), 5) == b""


@pytest.mark.parametrize(
    "part", [b"POST /x/y/score HTTP/1.1\r\nHost: loc", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nab"]
)
async def test_a_request_that_never_ends_is_408(front: Front, client: Client, part: bytes) -> None:
    reader, writer = client
    writer.write(part)
    (connection,) = front.connections
    await until(lambda: connection._arriving)
    front.sweep(time.monotonic() + LIMITS.request - 5)
    assert front.connections
    front.sweep(time.monotonic() + LIMITS.request + 5)
    assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 408 ")


async def test_silence_counts_from_the_last_answer(front: Front, client: Client) -> None:
    reader, writer = client
    for _ in range(2):
        writer.write(b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 "), "the router was told nothing yet"
        length = next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
        await reader.readexactly(int(length.split(b":")[1]))
        front.sweep(time.monotonic() + LIMITS.idle - 5)
    assert front.connections
