"""A small load generator: repeats a request over keep-alive or new connections."""

import asyncio
import ssl
import time
from dataclasses import dataclass

import httptools


@dataclass(frozen=True)
class Target:
    """The request and its target. `socket` is a unix socket's path; without it, `port` on loopback over TLS.

    Scoring processes close each connection after its answer: `kept` is False for them.
    """

    request: bytes
    socket: str | None = None
    port: int = 0
    trust: ssl.SSLContext | None = None
    kept: bool = True


class Client(asyncio.Protocol):
    """One connection. Each answer's latency (seconds) goes to `latencies`; one that is not 200 raises."""

    def __init__(self, target: Target, latencies: list[float]) -> None:
        self._target = target
        self._latencies = latencies
        self._parser: httptools.HttpResponseParser
        self._transport: asyncio.WriteTransport | None = None
        self._answered: asyncio.Future[None] | None = None

    async def send(self) -> None:
        """Send the request and wait for the whole answer."""
        loop = asyncio.get_running_loop()
        began = time.perf_counter()
        self._answered = loop.create_future()
        self._parser = httptools.HttpResponseParser(self)  # one that read `Connection: close` reads no more
        if self._transport is None:
            await self._connect(loop)
        assert self._transport is not None
        self._transport.write(self._target.request)
        await self._answered
        self._latencies.append(time.perf_counter() - began)

    def close(self) -> None:
        """Close the connection."""
        if self._transport:
            self._transport.abort()
            self._transport = None

    async def _connect(self, loop: asyncio.AbstractEventLoop) -> None:
        target = self._target
        if target.socket:
            await loop.create_unix_connection(lambda: self, target.socket)
        else:
            await loop.create_connection(lambda: self, "127.0.0.1", target.port, ssl=target.trust)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Parse."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """An answer is complete."""
        status = self._parser.get_status_code()
        if self._answered and not self._answered.done():
            if status == 200:
                self._answered.set_result(None)
            else:
                self._answered.set_exception(RuntimeError(f"answered {status}"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the pending answer."""
        if self._answered and not self._answered.done():
            self._answered.set_exception(ConnectionError("the connection was closed"))


async def drive(target: Target, connections: int, seconds: float) -> list[float]:
    """Latencies (seconds) of all requests sent over `connections` in about `seconds`."""
    latencies: list[float] = []
    deadline = time.perf_counter() + seconds

    async def run() -> None:
        client = Client(target, latencies)
        while time.perf_counter() < deadline:
            await client.send()
            if not target.kept:
                client.close()
                client = Client(target, latencies)
        client.close()

    await asyncio.gather(*(run() for _ in range(connections)))
    return latencies
