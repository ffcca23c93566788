"""An https proxy for shells that are pointed at the local Azure. It blocks all calls to real Azure.

A program with a fixed Azure address would call real Azure. Through this proxy it is refused, and told why;
package indexes and all other hosts can be reached as before. The proxy reads no more of a connection than its
host, and serves only clients that have the credential in its address, because other users of the machine can
connect to it too.
"""

import asyncio
import base64
import contextlib
import hmac
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from azml.emulator.base.files import write_private

HEAD_LIMIT = 16 << 10  # bytes of a request's head
PATIENCE = 20.0  # seconds for a head to arrive and its host to answer
PORT_FILE = "proxy-port"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_AZURE = re.compile(
    r"(?:.*\.)?(?:azure\.(?:com|net|us|cn)|azureml\.(?:ms|net)|azure-api\.net|azurecr\.(?:io|us|cn)|windows\.net"
    r"|(?:microsoftonline|chinacloudapi|usgovcloudapi)\.\w+(?:\.\w+)?|applicationinsights\.io)"
    r"|login\.(?:microsoft|live)\.com|graph\.microsoft\.com|169\.254\.169\.254|168\.63\.129\.16",
    re.I,
)
# Package feeds and source code: these hosts have no resources.
_NOT_RESOURCES = re.compile(r"(?:.*\.)?dev\.azure\.com", re.I)
_CREDENTIAL = re.compile(rb"\r\nProxy-Authorization:[ \t]*Basic[ \t]+([A-Za-z0-9+/=]+)[ \t]*\r\n", re.I)
_USER = "azml"
_CONNECT = re.compile(rb"CONNECT \[?([^\s\]]+?)\]?:(\d{1,5}) HTTP/1\.[01]\r\n")


def is_azure(host: str) -> bool:
    """Whether a host belongs to real Azure's management, data, sign-in or telemetry."""
    host = host.rstrip(".")
    return bool(_AZURE.fullmatch(host)) and not _NOT_RESOURCES.fullmatch(host)


def listen(folder: Path) -> socket.socket:
    """A socket on loopback, at the folder's previous port if that is free: shells remember it."""
    file = folder / PORT_FILE
    text = file.read_text() if file.is_file() else ""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", int(text) if text.isdigit() else 0))
    except (OSError, OverflowError):
        listening.bind(("127.0.0.1", 0))
    listening.listen()
    write_private(file, str(listening.getsockname()[1]).encode())
    return listening


class Proxy:
    """The proxy on a socket of `listen`, for clients that know the secret.

    `url` is its address with the credential, in the form clients expect in HTTPS_PROXY; the secret must not
    need escaping in it.
    """

    def __init__(self, listening: socket.socket, secret: str) -> None:
        self.url = f"http://{_USER}:{secret}@127.0.0.1:{listening.getsockname()[1]}"
        self._credential = base64.b64encode(f"{_USER}:{secret}".encode())
        self._listening = listening
        self._meetings: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve while the block runs; connections that are open at its end are closed."""
        server = await asyncio.start_server(self._meet, sock=self._listening, limit=HEAD_LIMIT)
        try:
            yield
        finally:
            server.close()
            for meeting in self._meetings:
                meeting.cancel()
            await asyncio.gather(*self._meetings, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        meeting = asyncio.current_task()
        if meeting:
            self._meetings.add(meeting)
            meeting.add_done_callback(self._meetings.discard)
        refused = (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)
        with contextlib.closing(writer), contextlib.suppress(*refused, asyncio.CancelledError):
            async with asyncio.timeout(PATIENCE):
                target = await self._admit(await reader.readuntil(b"\r\n\r\n"), writer)
            if target:
                await _join((reader, writer), target)

    async def _admit(self, head: bytes, writer: asyncio.StreamWriter) -> Streams | None:
        given = _CREDENTIAL.search(head)
        if given and hmac.compare_digest(given[1], self._credential):
            return await _reach(head, writer)
        words = "407 this proxy serves the local Azure's own shells: use its address from azml emulator env"
        await _refuse(writer, words, 'Proxy-Authenticate: Basic realm="azml"\r\n')
        return None


async def _reach(head: bytes, writer: asyncio.StreamWriter) -> Streams | None:
    """Connect to the host that a request's head asks for; None when it was refused."""
    asked = _CONNECT.match(head)
    if asked is None:
        await _refuse(writer, "405 this proxy of the local Azure accepts CONNECT only")
        return None
    host, port = asked[1].decode("latin-1"), int(asked[2])
    if is_azure(host):
        await _refuse(writer, f"403 {host} is real Azure, and this shell is pointed at the local one")
        return None
    try:
        target = await asyncio.open_connection(host, port)
    except (OSError, OverflowError, UnicodeError) as failed:
        await _refuse(writer, f"502 {host} cannot be reached: {failed}")
        return None
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    return target


async def _refuse(writer: asyncio.StreamWriter, status: str, headers: str = "") -> None:
    # Clients show the reason of a refused CONNECT, but not its body.
    plain = re.sub(r"[^\x20-\x7e]+", " ", status)
    writer.write(f"HTTP/1.1 {plain}\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()


async def _join(near: Streams, far: Streams) -> None:
    try:
        await asyncio.gather(_pump(near[0], far[1]), _pump(far[0], near[1]))
    finally:
        far[1].close()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
        if target.can_write_eof():
            target.write_eof()
