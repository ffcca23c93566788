"""Processes of this machine."""

import os
import socket

from azml.cli.local.processes import listener


def test_whoever_holds_a_port_is_named_with_its_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert listener(port).endswith(f"(process {os.getpid()})")
    assert listener(port) == ""
