"""The environment of a Pulumi program: its interpreter, and the plugins that its packages ask for."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml.providers.protos import load

if TYPE_CHECKING:
    from pulumi.runtime.proto import language_pb2, plugin_pb2
else:
    plugin_pb2 = load("plugin_pb2")


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
