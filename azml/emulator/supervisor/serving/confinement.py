"""Keeps scoring scripts away from the local Azure's own files: its keys, its store, its authority.

A script runs as the owner of those files, so permissions do not stop it. Linux has Landlock for this, macOS
the sandbox of `sandbox-exec`. Without either, a script can read the files, and `warning` says so.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Literal

from azml.emulator.base.failures import DeploymentFailure
from azml.emulator.base.subprocesses import Launch
from azml.emulator.supervisor.serving import landlock
from azml.emulator.supervisor.serving.landlock import Rules

Means = Literal["Landlock", "sandbox-exec", "nothing"]
_OPEN = (
    "scoring scripts can read the local Azure's keys and files: this machine has no means to keep them out "
    "(Landlock on Linux, sandbox-exec on macOS)"
)
_FOR_ALL = ("/private/tmp", "/private/var/folders", "/dev")
_TRIAL_SECONDS = 5.0


@cache
def means() -> Means:
    """The means that this machine has, if any."""
    if landlock.version():
        return "Landlock"
    if sys.platform == "darwin" and (program := shutil.which("sandbox-exec")):
        trial = [program, "-p", "(version 1)(allow default)", "/usr/bin/true"]
        try:
            if (
                subprocess.run(trial, check=False, timeout=_TRIAL_SECONDS, capture_output=True).returncode
                == 0
            ):
                return "sandbox-exec"
        except (OSError, subprocess.TimeoutExpired):
            pass
    return "nothing"


def warning() -> str:
    """A warning for the user who starts a local Azure; empty where scripts are kept out."""
    return _OPEN if means() == "nothing" else ""


@dataclass(frozen=True)
class Confinement:
    """Keeps launches away from `hidden` paths, and lets none write to `kept` ones: others run from them."""

    hidden: tuple[Path, ...]
    means: Means
    kept: tuple[Path, ...] = ()

    def around(self, launch: Launch, own: Iterable[Path], readable: Iterable[Path]) -> Launch:
        """The launch, confined: it can write only in its `own` folders and shared ones, such as /tmp.

        Of what is hidden it can access its own folders, and read what is `readable`.
        """
        rules = Rules(*(_real(paths) for paths in (self.hidden, self.kept, own, readable)))
        match self.means:
            case "Landlock":
                return replace(launch, restrict=partial(_confine, rules))
            case "sandbox-exec":
                first = ("sandbox-exec", "-p", profile(rules))
                return replace(launch, command=(*first, *launch.command))
            case "nothing":
                return launch


def _confine(rules: Rules) -> None:
    try:
        landlock.confine(rules)
    except OSError as refused:
        message = f"not started, because it cannot be kept from the local Azure's files: {refused}"
        raise DeploymentFailure(message) from refused


def profile(rules: Rules) -> str:
    """The rules in the language of macOS's sandbox, where the last matching rule applies."""
    lines = ["(version 1)", "(allow default)", "(deny file-write*)"]
    lines += [_rule("allow file-write*", [*map(Path, _FOR_ALL), *rules.own])]
    lines += [_rule("deny file-write*", rules.kept)]
    # Metadata stays readable: resolving a path goes through hidden folders.
    lines += [_rule("deny file-read-data file-write*", rules.hidden)]
    lines += [_rule("allow file-read* file-write*", rules.own)]
    lines += [_rule("allow file-read*", rules.readable)]
    return "\n".join(line for line in lines if line)


def _rule(what: str, paths: Sequence[Path]) -> str:
    escaped = (str(path).replace("\\", "\\\\").replace('"', '\\"') for path in paths)
    places = " ".join(f'(subpath "{path}")' for path in escaped)
    return f"({what} {places})" if places else ""


def _real(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The paths with symlinks resolved: both means check the real path."""
    return tuple(path.resolve() for path in paths)
