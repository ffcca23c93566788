"""Builds the Pulumi CLI from its published Go modules, for networks that allow nothing else.

`gomodule/` pins every module by hash. The CLI's own Python language host is a separate module that module
proxies do not serve: ours (language_host.py) replaces it.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from azml.toolchain.cache import Progress
from azml.toolchain.command import CommandFailed, run
from azml.toolchain.failure import ToolError

_MODULE = Path(__file__).parent / "gomodule"
_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
#: Seconds: five minutes on two cores, and slow disks and networks exist.
_PATIENCE = 3600

_ENVIRONMENT = {
    "CGO_ENABLED": "0",  # no C compiler needed, and no libraries of this machine linked in
    "GOWORK": "off",  # ignore a workspace file above the cache folder
    "GOTOOLCHAIN": "local",  # use the installed Go; if it is too old, our own message says so
    # The compiler starts once for each package: it need not collect garbage before it has a GB of it.
    "GOGC": "off",
    "GOMEMLIMIT": "1GiB",
}
_UNHURRIED = (
    "cloud.google.com/go",
    "github.com/Azure",
    "github.com/aws",
    "github.com/envoyproxy",
    "github.com/go-git",
    "go.opentelemetry.io",
    "google.golang.org/api",
)
"""What state backends, secrets providers and traces are built on: packages that wait for a network."""


def build(version: str, folder: Path, progress: Progress) -> None:
    """Build the CLI `version` into `folder` (empty): the binary `pulumi` and nothing beside it.

    Raises:
        ToolError: Go is missing or too old, or the build failed.
    """
    _require_go()
    module = folder / "module"
    module.mkdir()
    for name in ("go.mod", "go.sum"):
        shutil.copy(_MODULE / name, module)
    total = _fetch_modules(module, progress)
    _compile(version, module, folder / "pulumi", total, progress)
    shutil.rmtree(module)


def required_go() -> tuple[int, ...]:
    """The oldest Go that builds it, from the `go` line of go.mod."""
    line = re.search(r"^go ([0-9.]+)$", (_MODULE / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    if line is None:
        raise ValueError(f"{_MODULE / 'go.mod'} has no go line")
    return _numbers(line[1])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _require_go() -> None:
    needed = ".".join(map(str, required_go()))
    remedy = (
        f"install Go {needed} or newer (https://go.dev/dl, or the package go of Homebrew), or Pulumi itself, "
        "and run this again"
    )
    try:
        answer = subprocess.run(
            ["go", "env", "GOVERSION"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            env={**os.environ, **_ENVIRONMENT},
        )
    except FileNotFoundError as error:
        raise ToolError("building the Pulumi CLI needs Go, and there is none on PATH", remedy) from error
    except subprocess.SubprocessError as error:
        raise ToolError(f"building the Pulumi CLI needs Go, and go env failed: {error}", remedy) from error
    found = answer.stdout.strip()
    if _numbers(found) < required_go():
        raise ToolError(f"building the Pulumi CLI needs Go {needed}, and this is {found}", remedy)


def _go(arguments: list[str], module: Path, **options: object) -> None:
    # readonly: go.sum decides what is built; a module missing there is an error and is not added.
    command = ["go", arguments[0], "-mod=readonly", *arguments[1:]]
    try:
        run(command, cwd=module, env=_ENVIRONMENT, timeout=_PATIENCE, **options)  # type: ignore[arg-type]
    except CommandFailed as error:
        raise ToolError(f"building the Pulumi CLI failed: {error}", _remedy(str(error))) from error


def _remedy(failure: str) -> str:
    if "no space left" in failure:
        return "the build needs 4 GB free in Go's caches (go env GOCACHE GOMODCACHE) and in the cache folder"
    return "check that Go's module proxy can be reached (go env GOPROXY), or install Pulumi itself"


def _fetch_modules(module: Path, progress: Progress) -> int:
    """Download what is missing in Go's module cache; returns how many packages there are to compile."""
    fetched = 0
    packages = 0

    def say(line: str) -> str | None:
        nonlocal fetched, packages
        if not line.startswith("go: downloading "):
            packages += 1
            return None
        fetched += 1
        return f"fetching Go modules: {fetched} so far"

    progress("fetching Go modules")
    _go(["list", "-deps", _PACKAGE], module, progress=progress, say=say)
    return packages


def _compile(version: str, module: Path, output: Path, total: int, progress: Progress) -> None:
    compiled = 0

    def say(line: str) -> str:
        nonlocal compiled
        compiled += 1
        if line == _PACKAGE:
            return "linking"
        return f"compiling Go packages: {compiled} of {total}"

    progress(f"compiling up to {total} Go packages; minutes the first time")
    # Without a version the CLI reports a development build, which the Automation API refuses.
    flags = f"-s -w -X {_VERSION_VARIABLE}=v{version}"
    arguments = [
        "build",
        "-v",
        "-trimpath",
        "-buildvcs=false",
        # No debug information, as -s and -w would remove it; nothing is inlined where that gains nothing.
        "-gcflags=all=-dwarf=false",
        *(f"-gcflags={path}/...=-dwarf=false -l" for path in _UNHURRIED),
        "-ldflags",
        flags,
        "-o",
        str(output),
        _PACKAGE,
    ]
    _go(arguments, module, progress=progress, say=say)
