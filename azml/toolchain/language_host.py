"""A Python language host for a Pulumi CLI that was built from its Go modules and came without one.

The engine starts it with its own address as the last argument, reads a port from its standard output and
speaks the `pulumirpc.LanguageRuntime` protocol to it. Every program, policy pack and plugin runs in a process
of its own, so that a preview and the update after it share no module state.
"""

import json
import os
import platform
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from azml import quick_start

if __name__ == "__main__":
    quick_start.begin()
    quick_start.load_grpc()

import grpc
from google.protobuf import empty_pb2

from azml.providers.protos import load
from azml.toolchain import child

if TYPE_CHECKING:
    from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2
else:
    language_pb2 = load("language_pb2")
    language_pb2_grpc = load("language_pb2_grpc")
    plugin_pb2 = load("plugin_pb2")

_Response = TypeVar("_Response")
_CHILD = Path(child.__file__)
#: The engine's own ceiling for one message, 400 MB; gRPC's default of 4 MB is too small for large programs.
_LARGEST_MESSAGE = 400 * 1024 * 1024


class Children:
    """The processes that this host has started, so that none outlives it."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    def start(self, arguments: list[str], *, python: Path, **options: Any) -> "subprocess.Popen[bytes]":
        """Start child.py with `arguments` under `python`; `options` are those of `subprocess.Popen`."""
        command = [str(python), "-P", "-u", str(_CHILD), *arguments]
        process = subprocess.Popen(command, **options)
        with self._lock:
            self._running.add(process)
        return process

    def wait(self, process: "subprocess.Popen[bytes]") -> int:
        """The exit code of `process`, once it has ended."""
        code = process.wait()
        with self._lock:
            self._running.discard(process)
        return code

    def end(self) -> None:
        """Ask every running child to exit."""
        with self._lock:
            running = list(self._running)
        for process in running:
            process.terminate()


def interpreter(info: "language_pb2.ProgramInfo") -> Path:
    """The Python for a program: its project's `virtualenv` option, else the active environment's.

    The option's path is relative to the folder of the project file, as the official host takes it
    (`resolveVirtualEnvironmentPath`, sdk/python/toolchain), wherever the program is according to `main:`.
    Without an active environment it is this host's own.

    Raises:
        FileNotFoundError: the option names an environment that has no interpreter.
    """
    options = info.options.fields
    named = options["virtualenv"].string_value if "virtualenv" in options else ""
    if not named:
        active = Path(os.environ.get("VIRTUAL_ENV", ""), "bin", "python")
        return active if active.is_absolute() and active.exists() else Path(sys.executable)
    python = Path(info.root_directory, named, "bin", "python")
    if python.exists():
        return python
    raise FileNotFoundError(
        f"the runtime option virtualenv is {named}, and {Path(info.root_directory, named)} "
        f"has no bin/python: make it with python3 -m venv {named} and install the requirements, or drop it"
    )


def declared_plugins(search_path: Iterable[str]) -> "list[plugin_pb2.PackageDependency]":
    """The resource plugins that installed packages ask for in their `pulumi-plugin.json`."""
    found: dict[tuple[str, str], plugin_pb2.PackageDependency] = {}
    for entry in search_path:
        for manifest in sorted(Path(entry).glob("*/pulumi-plugin.json")):
            package = _package(json.loads(manifest.read_text(encoding="utf-8")))
            if package is not None:
                found.setdefault((package.name, package.version), package)
    return list(found.values())


def _package(manifest: Mapping[str, Any]) -> "plugin_pb2.PackageDependency | None":
    if not manifest.get("resource") or not manifest.get("name"):
        return None
    version = str(manifest.get("version", ""))
    package = plugin_pb2.PackageDependency(
        kind="resource",
        name=manifest["name"],
        version=f"v{version.removeprefix('v')}" if version else "",
        server=manifest.get("server", ""),
    )
    if parameters := manifest.get("parameterization"):
        package.parameterization.name = parameters["name"]
        package.parameterization.version = parameters["version"]
        package.parameterization.value = str(parameters.get("value", "")).encode()
    return package


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
        process = self._children.start(arguments, python=python, **_piped(request.info.program_directory))
        yield from _output(process, language_pb2.InstallDependenciesResponse)
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
            **_piped(folder if request.kind == "analyzer" else request.pwd),
        )
        context.add_callback(process.terminate)
        yield from _output(process, language_pb2.RunPluginResponse)
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


def _piped(folder: str) -> dict[str, Any]:
    pipe = subprocess.PIPE
    return {"cwd": folder, "stdin": subprocess.DEVNULL, "stdout": pipe, "stderr": pipe}


def _output(process: "subprocess.Popen[bytes]", response: Callable[..., _Response]) -> Iterator[_Response]:
    """What `process` prints, as messages with a `stdout` or a `stderr`, until it has closed both."""
    printed: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()

    def pump(name: str, stream: IO[bytes]) -> None:
        while chunk := os.read(stream.fileno(), 65536):
            printed.put((name, chunk))
        printed.put((name, b""))

    streams = {"stdout": process.stdout, "stderr": process.stderr}
    for name, stream in streams.items():
        threading.Thread(target=pump, args=(name, stream), daemon=True).start()
    left = len(streams)
    while left:
        name, chunk = printed.get()
        if chunk:
            yield response(**{name: chunk})
        else:
            left -= 1


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
