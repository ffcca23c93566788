"""Connections that are rude, raw on the wire: the control plane goes on answering everybody else."""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from azml.emulator.base.file_limits import allow_many_connections
from azml.emulator.base.identity import SUBSCRIPTION, issue_token
from azml.emulator.control.http.management import BODY_LIMIT
from azml.emulator.control.server import connections
from tests.fixtures.control_plane import ENDPOINT, ControlPlane, endpoint_body

MANY = 1_000


@contextlib.contextmanager
def connected(azure: ControlPlane) -> Iterator[ssl.SSLSocket]:
    context = ssl.create_default_context(cafile=str(azure.folder / "ca.pem"))
    plain = socket.create_connection(("127.0.0.1", azure.port), timeout=30)
    with context.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped:
        yield wrapped


def say(azure: ControlPlane, text: bytes) -> bytes:
    """What is answered to some bytes, up to the end of the connection."""
    with connected(azure) as wire:
        wire.sendall(text)
        return everything(wire)


def everything(wire: ssl.SSLSocket) -> bytes:
    """All that comes up to the end of a connection, which is closed then."""
    said = b""
    with wire, contextlib.suppress(ConnectionError, ssl.SSLError):
        while piece := wire.recv(65_536):
            said += piece
    return said


def head(azure: ControlPlane, line: str, *headers: str) -> bytes:
    token, _ = issue_token(azure.identity, "https://management.azure.com")
    lines = [
        line,
        f"Host: 127.0.0.1:{azure.port}",
        f"Authorization: Bearer {token}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


@pytest.mark.parametrize(
    "text",
    [
        b"\r\n\r\n\r\n\r\nnonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET http://[::1/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\nConnection: close\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 200_000 + b"\r\nConnection: close\r\n\r\n",
        b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /studio HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n",
        b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\nConnection: close\r\n\r\n",
        b"TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
)
def test_what_is_no_request_gets_a_client_error_or_the_end(control_plane: ControlPlane, text: bytes) -> None:
    said = say(control_plane, text)
    assert not said or said.split()[1][:1] == b"4", said[:200]
    assert b"Traceback" not in said


def test_another_host_is_not_answered(control_plane: ControlPlane) -> None:
    """A page of some site whose name points at loopback reaches neither studio nor sign-in nor blobs."""
    for path in (
        "/studio",
        "/_azml/health",
        "/msi/token",
        "/metadata/endpoints",
        "/account1.blob.emulator/c",
    ):
        for host in ("evil.example", f"evil.example:{control_plane.port}", "127.0.0.1", "", "localhost:1"):
            answer = control_plane.send("GET", path, headers={"Host": host})
            assert (answer.status, answer.code) == (421, "MisdirectedRequest")
    localhost = {"Host": f"LOCALHOST:{control_plane.port}"}
    assert control_plane.send("GET", "/metadata/endpoints", headers=localhost).status == 200


def test_a_body_without_end_is_cut_off(workspace: ControlPlane) -> None:
    with connected(workspace) as wire:
        line = f"PUT {ENDPOINT}?api-version=2025-12-01 HTTP/1.1"
        wire.sendall(head(workspace, line, "Transfer-Encoding: chunked"))
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        sent = 0
        with contextlib.suppress(OSError):  # the answer comes, then the end: both may meet our sending
            while sent < 4 * BODY_LIMIT:
                wire.sendall(chunk)
                sent += 0x10000
        said = b""
        with contextlib.suppress(OSError):
            said = wire.recv(4_096)
    assert not said or b" 413 " in said
    assert sent < 4 * BODY_LIMIT or b" 413 " in said
    workspace.done(workspace.arm("PUT", ENDPOINT, endpoint_body()))


@pytest.mark.parametrize("path", ["/t/oauth2/v2.0/token", "/_azml/faults", "/_azml/states", ENDPOINT])
def test_a_large_body_gets_413(control_plane: ControlPlane, path: str) -> None:
    own = f"Bearer {control_plane.identity.token}"
    token, _ = issue_token(control_plane.identity, "https://management.azure.com")
    headers = {"Authorization": own if path.startswith("/_azml") else f"Bearer {token}"}
    method = "PUT" if path == ENDPOINT else "POST"
    answer = control_plane.send(method, f"{path}?api-version=2025-12-01", b" " * (BODY_LIMIT + 1), headers)
    assert (answer.status, answer.code) == (413, "RequestEntityTooLarge")


@pytest.mark.process
def test_a_thousand_silent_connections_leave_room_for_others(tmp_path: Path) -> None:
    """Also where the system starts processes with 256 descriptors, as macOS does."""
    allow_many_connections()
    azure = ControlPlane(tmp_path / "azure")
    azure.start(descriptors=256)
    with contextlib.ExitStack() as silent:
        silent.callback(azure.stop)
        for _ in range(MANY):
            silent.enter_context(socket.create_connection(("127.0.0.1", azure.port), timeout=10))
        began = time.monotonic()
        for _ in range(5):
            assert azure.own("GET", "health").status == 200
        assert time.monotonic() - began < 5


@pytest.mark.process
def test_a_stop_waits_for_no_client_between_two_requests_and_answers_the_others(tmp_path: Path) -> None:
    azure = ControlPlane(tmp_path / "azure")
    azure.start()
    slow = {"path_pattern": "resourcegroups/slow", "method": "PUT", "delay_ms": 700}
    assert azure.own("POST", "faults", slow).status == 204
    place = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/slow?api-version=2025-12-01"
    body = b'{"location": "westeurope"}'
    with connected(azure) as kept, connected(azure) as waiting, ThreadPoolExecutor() as pool:
        kept.sendall(f"GET /metadata/endpoints HTTP/1.1\r\nHost: 127.0.0.1:{azure.port}\r\n\r\n".encode())
        assert b" 200 " in kept.recv(4_096)
        waiting.sendall(head(azure, f"PUT {place} HTTP/1.1", f"Content-Length: {len(body)}") + body)
        answer = pool.submit(everything, waiting)
        assert azure.own("GET", "health").status == 200  # what was sent before is taken in
        began = time.monotonic()
        azure.stop()
        assert time.monotonic() - began < 1.8
        assert b" 201 " in answer.result()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HT",
        b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_a_connection_that_does_not_go_on_is_closed(
    monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    """Silent, with half a head, half a body, half a second head, and kept open."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.1)
    monkeypatch.setattr(connections, "BODY_SECONDS", 0.1)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        _echo, http=connections.ImpatientProtocol, lifespan="off", log_config=None, timeout_keep_alive=1
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", listening.getsockname()[1])
        writer.write(said)
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(reader.read(), 10)
        writer.close()
    finally:
        server.should_exit = True
        await serving


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})
