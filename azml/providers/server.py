"""A plugin's process: it serves on a loopback port, prints it, and exits with its engine.

An engine starts its plugins one after another, twice a command, and continues with the next once the
handshake is done. So only what the handshake needs is imported here; the plugin is loaded once the port is
printed, and its package when a resource is asked for.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.empty_pb2 import Empty

from azml.providers.protos import plugin_pb2, provider_pb2

if TYPE_CHECKING:
    from azml.engine_values import Properties
    from azml.providers.calls import Package
    from azml.providers.plugin import Plugin

_THREADS = 64  # the engine has one call in progress for each ready resource; most of them wait for the cloud
_PARENT_SECONDS = 0.5
_MESSAGE_BYTES = 400 * 1024 * 1024  # what the engine itself accepts

_METHODS = {
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
}


def start(version: str, plugin: "Future[Plugin]") -> tuple[grpc.Server, int]:
    """Serve `plugin`, which may still be loading, on a free loopback port; returns server and port."""
    server = grpc.server(
        ThreadPoolExecutor(_THREADS),
        options=[("grpc.max_receive_message_length", _MESSAGE_BYTES), ("grpc.so_reuseport", 0)],
    )
    handlers = {
        "Handshake": _unary(_handshake, provider_pb2.ProviderHandshakeRequest),
        "GetPluginInfo": _unary(lambda request, context: plugin_pb2.PluginInfo(version=version), Empty),
        **{name: _unary(_answered_by(plugin, method), kind) for name, (method, kind) in _METHODS.items()},
    }
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("pulumirpc.ResourceProvider", handlers),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def _unary(answer: Callable[[Any, grpc.ServicerContext], Any], request: Any) -> Any:
    return grpc.unary_unary_rpc_method_handler(
        answer,
        request_deserializer=request.FromString,
        response_serializer=lambda answer: answer.SerializeToString(),
    )


def _handshake(request: Any, context: grpc.ServicerContext) -> Any:
    """Agree on the form of values: secrets and resource references yes, output values no."""
    return provider_pb2.ProviderHandshakeResponse(
        accept_secrets=True,
        accept_resources=True,
        accept_outputs=False,
        supports_autonaming_configuration=True,
    )


def _answered_by(plugin: "Future[Plugin]", method: str) -> Callable[[Any, grpc.ServicerContext], Any]:
    return lambda request, context: plugin.result().answer(method, request, context)


def serve(
    version: str, load: Callable[[], "Package"], check_settings: "Callable[[Properties], Properties]"
) -> None:
    """Serve the package from `load` until a signal arrives or the parent process is gone; see `Plugin`.

    Prints the port, which is how an engine finds it. Exits quietly on SIGINT and SIGTERM: an engine runs its
    plugins in separate process groups, so a Ctrl-C in the terminal reaches only the engine, which then calls
    Cancel.
    """
    parent = os.getppid()  # before the port is printed: after that the parent may exit at any moment
    leave = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: leave.set())
    signal.signal(signal.SIGINT, lambda *_: leave.set())
    plugin: Future[Plugin] = Future()
    server, port = start(version, plugin)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    _keep(plugin, load, check_settings)
    for _ in _while_parent_lives(parent, leave):
        pass
    if plugin.exception() is None:
        plugin.result().give_up()
    server.stop(grace=None)
    # Threads that still wait for the cloud must not keep the process alive: nobody reads their answers.
    os._exit(0)


def _keep(
    plugin: "Future[Plugin]",
    load: Callable[[], "Package"],
    check_settings: "Callable[[Properties], Properties]",
) -> None:
    """Load the plugin. If it cannot be loaded, every call answers with the error."""
    try:
        from azml.providers.plugin import Plugin

        plugin.set_result(Plugin(load, check_settings))
    except Exception as error:
        plugin.set_exception(error)


def _while_parent_lives(parent: int, leave: threading.Event) -> Iterator[None]:
    while not leave.wait(_PARENT_SECONDS) and os.getppid() == parent:
        yield
