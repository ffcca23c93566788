"""The memory that connections took, once they have ended."""

import socket
import ssl
from contextlib import ExitStack

import psutil

from tests.fixtures.control_plane import ControlPlane
from tests.fixtures.waiting import eventually

CONNECTIONS = 150
LEAST, MOST = 25_000_000, 10_000_000
"""Bytes that so many connections take at least, and that may be left of them."""


def test_slow_connections_give_back_what_they_took(azure: ControlPlane) -> None:
    process = psutil.Process(azure.pid)
    trust = ssl.create_default_context(cafile=str(azure.folder / "ca.pem"))
    before = process.memory_info().rss
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            plain = socket.create_connection(("127.0.0.1", azure.port), timeout=30)
            wire = stack.enter_context(trust.wrap_socket(plain, server_hostname="127.0.0.1"))
            wire.sendall(b"GET / HTTP/1.1\r\nHost: 127")
        assert process.memory_info().rss > before + LEAST
    eventually(lambda: process.memory_info().rss < before + MOST)
