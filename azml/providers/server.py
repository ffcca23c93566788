"""A plugin's process: it serves on a loopback port, prints it, and leaves with its engine."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty

from azml.providers.calls import Package
from azml.providers.plugin import Plugin, guarded
from azml.providers.protos import provider_pb2

_THREADS = (
    64  # the engine has as many calls under way as it has resources ready; most of them wait for the cloud
)
_PARENT_SECONDS = 0.5
_MESSAGE_BYTES = 400 * 1024 * 1024  # what the engine itself accepts

_METHODS = {
    "Handshake": ("handshake", provider_pb2.ProviderHandshakeRequest),
    "GetSchema": ("get_schema", provider_pb2.GetSchemaRequest),
    "CheckConfig": ("check_config", provider_pb2.CheckRequest),
    "DiffConfig": ("diff_config", provider_pb2.DiffRequest),
    "Configure": ("configure", provider_pb2.ConfigureRequest),
    "Invoke": ("invoke", provider_pb2.InvokeRequest),
    "Check": ("check", provider_pb2.CheckRequest),
    "Diff": ("diff", provider_pb2.DiffRequest),
    "Create": ("create", provider_pb2.CreateRequest),
    "Read": ("read", provider_pb2.ReadRequest),
    "Update": ("update", provider_pb2.UpdateRequest),
    "Delete": ("delete", provider_pb2.DeleteRequest),
    "Cancel": ("cancel", Empty),
    "GetPluginInfo": ("get_plugin_info", Empty),
}


def start(package: Package) -> tuple[grpc.Server, int]:
    """Serve `package` on a free loopback port; answers the server and the port."""
    server = grpc.server(
        ThreadPoolExecutor(_THREADS),
        options=[("grpc.max_receive_message_length", _MESSAGE_BYTES), ("grpc.so_reuseport", 0)],
    )
    plugin = Plugin(package)
    handlers = {name: _handler(plugin, *entry) for name, entry in _METHODS.items()}
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("pulumirpc.ResourceProvider", handlers),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def _handler(plugin: Plugin, method: str, request: Any) -> Any:
    return grpc.unary_unary_rpc_method_handler(
        guarded(getattr(plugin, method)),
        request_deserializer=request.FromString,
        response_serializer=lambda answer: answer.SerializeToString(),
    )


def serve(package: Package) -> None:
    """Serve `package` until told to leave or until the process that started this one is gone.

    Prints the port, which is how an engine finds it. Leaves quietly on SIGINT and SIGTERM: an engine
    runs its plugins in process groups of their own, so a Ctrl-C in the terminal reaches it alone and it asks
    for Cancel.
    """
    parent = os.getppid()  # before the port is printed: from then on the parent may be gone at any moment
    leave = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: leave.set())
    signal.signal(signal.SIGINT, lambda *_: leave.set())
    server, port = start(package)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    for _ in _while_parent_lives(parent, leave):
        pass
    package.cancel()
    server.stop(grace=None)
    # Threads that still wait for the cloud must not hold the process: nobody is left to hear their answers.
    os._exit(0)


def _while_parent_lives(parent: int, leave: threading.Event) -> Iterator[None]:
    while not leave.wait(_PARENT_SECONDS) and os.getppid() == parent:
        yield
