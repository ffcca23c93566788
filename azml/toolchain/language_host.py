"""A Python language host for a Pulumi CLI that was built from its Go modules and came without one.

The engine starts it with its own address as the last argument, reads a port from its standard output and
speaks the `pulumirpc.LanguageRuntime` protocol to it. Every program, policy pack and plugin runs in a process
of its own, so that a preview and the update after it share no module state.
"""

import os
import platform
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from azml import quick_start

if __name__ == "__main__":
    quick_start.begin()
    quick_start.load_grpc()

import grpc
from google.protobuf import empty_pb2

from azml.providers.protos import load
from azml.toolchain import child
from azml.toolchain.children import Children, output, piped
from azml.toolchain.program_environment import declared_plugins, interpreter

if TYPE_CHECKING:
    from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2
else:
    language_pb2 = load("language_pb2")
    language_pb2_grpc = load("language_pb2_grpc")
    plugin_pb2 = load("plugin_pb2")

#: The engine's own ceiling for one message, 400 MB; gRPC's default of 4 MB is too small for large programs.
_LARGEST_MESSAGE = 400 * 1024 * 1024


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """An engine's calls to a language host; the others answer `unimplemented`, gRPC's default."""

    def __init__(self, engine: str, children: Children) -> None:
        self._engine = engine
        self._children = children

    def Handshake(  # noqa: N802 (every call is named by the protocol)
        self, request: "language_pb2.LanguageHandshakeRequest", context: grpc.ServicerContext
    ) -> "language_pb2.LanguageHandshakeResponse":
        """Take the engine's address if it was not given on the command line."""
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(  # noqa: N802
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> "plugin_pb2.PluginInfo":
        """No version: this host belongs to the checkout it runs from, not to a release of the CLI."""
        return plugin_pb2.PluginInfo()

    def GetRequiredPackages(  # noqa: N802
        self, request: "language_pb2.GetRequiredPackagesRequest", context: grpc.ServicerContext
    ) -> "language_pb2.GetRequiredPackagesResponse":
        """The plugins of the packages that are installed beside the program."""
        return language_pb2.GetRequiredPackagesResponse(
            packages=declared_plugins(_search_path(request.info, context))
        )

    def About(  # noqa: N802
        self, request: "language_pb2.AboutRequest", context: grpc.ServicerContext
    ) -> "language_pb2.AboutResponse":
        """The interpreter's path and version, for `pulumi about` and a stack's metadata."""
        return language_pb2.AboutResponse(executable=sys.executable, version=platform.python_version())

    def GetProgramDependencies(  # noqa: N802
        self, request: "language_pb2.GetProgramDependenciesRequest", context: grpc.ServicerContext
    ) -> "language_pb2.GetProgramDependenciesResponse":
        """The distributions installed beside the program, for `pulumi about`."""
        from importlib.metadata import distributions  # slow to load, and not for an update

        found = {each.name: each.version for each in distributions(path=_search_path(request.info, context))}
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=name, version=version)
                for name, version in sorted(found.items())
            ]
        )

    def InstallDependencies(  # noqa: N802
        self, request: "language_pb2.InstallDependenciesRequest", context: grpc.ServicerContext
    ) -> "Iterator[language_pb2.InstallDependenciesResponse]":
        """Install a program's requirements.txt with the interpreter it will run under (`pulumi install`)."""
        requirements = Path(request.info.program_directory, "requirements.txt")
        if not requirements.exists():
            return
        python = _interpreter_or_abort(request.info, context)
        arguments = ["module", "pip", "install", "--disable-pip-version-check", "-r", str(requirements)]
        process = self._children.start(arguments, python=python, **piped(request.info.program_directory))
        yield from output(process, language_pb2.InstallDependenciesResponse)
        if code := self._children.wait(process):
            context.abort(grpc.StatusCode.UNKNOWN, f"installing {requirements} failed: pip ended with {code}")

    def Run(  # noqa: N802
        self, request: "language_pb2.RunRequest", context: grpc.ServicerContext
    ) -> "language_pb2.RunResponse":
        """Run the program to its end."""
        python = _interpreter_or_abort(request.info, context)
        process = self._children.start(
            ["program", self._engine], python=python, cwd=request.pwd, stdin=subprocess.PIPE
        )
        context.add_callback(process.terminate)
        process.communicate(request.SerializeToString())
        code = self._children.wait(process)
        if code == child.ALREADY_REPORTED:
            return language_pb2.RunResponse(bail=True)
        if code:
            return language_pb2.RunResponse(error=f"Program exited with non-zero exit code: {code}")
        return language_pb2.RunResponse()

    def GenerateProgram(  # noqa: N802
        self, request: "language_pb2.GenerateProgramRequest", context: grpc.ServicerContext
    ) -> "language_pb2.GenerateProgramResponse":
        """The output of `pulumi import`: the resources in Pulumi's own notation, as comments of a program.

        Only the official host can write Python source, which its Go code generates.
        """
        return language_pb2.GenerateProgramResponse(
            source={"__main__.py": _as_comments(request.source.values()).encode()}
        )

    def RunPlugin(  # noqa: N802
        self, request: "language_pb2.RunPluginRequest", context: grpc.ServicerContext
    ) -> "Iterator[language_pb2.RunPluginResponse]":
        """Run a policy pack or a plugin written in Python for as long as the engine listens to it."""
        folder = request.info.program_directory
        python = _interpreter_or_abort(request.info, context)
        process = self._children.start(
            _plugin_command(request),
            python=python,
            env=dict(pair.split("=", 1) for pair in request.env if "=" in pair) or None,
            **piped(folder if request.kind == "analyzer" else request.pwd),
        )
        context.add_callback(process.terminate)
        yield from output(process, language_pb2.RunPluginResponse)
        yield language_pb2.RunPluginResponse(exitcode=self._children.wait(process))

    def Cancel(  # noqa: N802
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """End what runs: the engine has been cancelled."""
        self._children.end()
        return empty_pb2.Empty()


def _interpreter_or_abort(info: "language_pb2.ProgramInfo", context: grpc.ServicerContext) -> Path:
    try:
        return interpreter(info)
    except FileNotFoundError as error:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        raise  # abort has raised already; this tells the type checker


def _search_path(info: "language_pb2.ProgramInfo", context: grpc.ServicerContext) -> list[str]:
    """Where the program's packages are installed."""
    python = _interpreter_or_abort(info, context)
    if python == Path(sys.executable):
        return [entry for entry in sys.path if entry.endswith("-packages")]
    return [str(folder) for folder in python.parent.parent.glob("lib/python3*/site-packages")]


def _as_comments(sources: Iterable[str]) -> str:
    lines = [line for source in sources for line in source.strip().splitlines()]
    commented = [
        "The official Pulumi CLI writes Python here. This one was built from its Go modules and cannot:",
        "declare each resource below in your program, with these properties in snake case.",
        "",
        *lines,
    ]
    return "".join(f"# {line}".rstrip() + "\n" for line in commented)


def _plugin_command(request: "language_pb2.RunPluginRequest") -> list[str]:
    """The child's arguments: a policy pack, a folder that can be run, or a package of components."""
    folder = Path(request.info.program_directory)
    if request.kind == "analyzer":
        return ["module", "pulumi.policy", *request.args, str(folder)]
    if (folder / "__main__.py").exists():
        return ["folder", str(folder), *request.args]
    return ["module", "pulumi.run.plugin", folder.name, *request.args]


def main() -> None:
    """Serve one engine until it interrupts this process or dies."""
    children = Children()
    leave = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: leave.set())
    child.exit_with_parent()
    limits = [(f"grpc.max_{way}_message_length", _LARGEST_MESSAGE) for way in ("send", "receive")]
    # Each running program and plugin occupies a thread.
    server = grpc.server(ThreadPoolExecutor(max_workers=64), options=limits)
    host = LanguageHost(sys.argv[-1], children)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    leave.wait()
    children.end()
    server.stop(grace=0).wait()
    os._exit(0)  # nothing is left to save, and taking all objects apart takes longer than a start


if __name__ == "__main__":
    main()
