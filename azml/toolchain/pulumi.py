"""Finds the Pulumi CLI, or installs it with the official installer, or builds it from Go modules."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from azml.toolchain import official_installer, source_build
from azml.toolchain.cache import Progress, cache_folder, locked, whole, write_whole
from azml.toolchain.failure import ToolError

VERSION = "3.259.0"
"""The version to install if there is none, and the oldest accepted one."""

_LANGUAGE_HOST = "pulumi-language-python"
_BESIDE_PULUMI = Path(__file__).parent / "beside_pulumi"
#: Written last into a folder whose CLI was built here: only that one needs our language host.
_BUILT_HERE = "built-from-go-modules"


def find_or_install(progress: Progress) -> Path:
    """The path of a `pulumi` of at least VERSION that can run Python programs.

    Looks on PATH, then in the cache folder, then installs one there. `progress` gets the progress.

    Raises:
        ToolError: there is none and none can be installed here.
    """
    found = find_installed(progress) or find_cached()
    if found is not None:
        return found
    folder = _folder()
    with locked(folder.with_name(f"{VERSION}.lock"), progress):
        # The previous holder of the lock may have installed it.
        return find_cached() or _install(folder, progress)


def find_installed(progress: Progress) -> Path | None:
    """The `pulumi` on PATH, if it is new enough and has a Python language host; reports why if not."""
    on_path = shutil.which("pulumi")
    if on_path is None:
        return None
    pulumi = Path(on_path).absolute()
    version = _version(pulumi)
    if version is None or _numbers(version) < _numbers(VERSION):
        progress(f"passing over {pulumi}: its version is {version or 'unknown'}, {VERSION} is needed")
        return None
    if not _has_language_host(pulumi):
        progress(f"passing over {pulumi}: there is no {_LANGUAGE_HOST} beside it or on PATH")
        return None
    return pulumi


def find_cached() -> Path | None:
    """The CLI that an earlier run installed, with its language host updated to this checkout's."""
    pulumi = _folder() / "pulumi"
    if not pulumi.exists():
        return None
    if (pulumi.parent / _BUILT_HERE).exists():
        _lay_beside(pulumi.parent)
    return pulumi if _has_language_host(pulumi) else None


def _folder() -> Path:
    return cache_folder() / "pulumi" / VERSION


def _install(folder: Path, progress: Progress) -> Path:
    try:
        with whole(folder) as part:
            official_installer.install(VERSION, part, progress)
            _require_version(part / "pulumi")
    except ToolError as error:
        progress(f"{error.message}; building the Pulumi CLI from its Go modules instead")
        with whole(folder) as part:
            source_build.build(VERSION, part, progress)
            _require_version(part / "pulumi")
            _lay_beside(part)
            (part / _BUILT_HERE).touch()
    return folder / "pulumi"


def _lay_beside(folder: Path) -> None:
    for script in _BESIDE_PULUMI.iterdir():
        write_whole(folder / script.name, script.read_bytes(), 0o755)


def _require_version(pulumi: Path) -> None:
    """Check that the installed CLI runs here and has the requested version."""
    version = _version(pulumi)
    if version != VERSION:
        raise ToolError(f"the Pulumi CLI just installed says its version is {version or 'unknown'}")


def _version(pulumi: Path) -> str | None:
    """The output of `pulumi version`, such as `3.259.0`; None if it cannot be run."""
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = subprocess.run(
            [str(pulumi), "version"], capture_output=True, text=True, timeout=60, check=True, env=environment
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.fullmatch(r"v?(\d+\.\d+\.\d+\S*)", answer.stdout.strip())
    return match[1] if match else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _has_language_host(pulumi: Path) -> bool:
    beside = {pulumi.parent / _LANGUAGE_HOST, pulumi.resolve().parent / _LANGUAGE_HOST}
    return any(os.access(host, os.X_OK) for host in beside) or shutil.which(_LANGUAGE_HOST) is not None
