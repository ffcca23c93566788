"""The Pulumi engine, run on a stack of this clone."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from azml.cli.clone import Clone
from azml.cli.failure import CommandError
from azml.cli.local import disk_space, outcome
from azml.cli.local.disk_space import DiskFull
from azml.cli.local.engine_progress import EngineProgress, last_words
from azml.cli.local.processes import end, tree
from azml.cli.terminal import Step

# Where the local stack's state lives is its project file's to say: these would send a run elsewhere.
ELSEWHERE = ("PULUMI_BACKEND_URL", "PULUMI_STACK", "PULUMI_PROJECT")
WATCH_EVERY = 0.5
"""Seconds between two looks at an engine that works."""


class UpdateFailed(CommandError):
    """An update that got as far as the resources, and could not make all of them what the program says."""


@dataclass(frozen=True)
class Engine:
    """One stack and how to run Pulumi on it.

    `work` is a folder for what a run writes beside its state. `needs` are the bytes that an update has to
    have free, by folder.
    """

    pulumi: Path
    project: Path
    stack: str
    environment: Mapping[str, str]
    work: Path
    needs: Mapping[Path, int] = field(default_factory=dict)

    def quiet(self, *arguments: str) -> str:
        """Run a command and return what it printed; raises CommandError with what it said when it fails."""
        done = subprocess.run(
            [*self._start(False), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            words = _diagnosed(done.stdout) or done.stderr or done.stdout
            raise CommandError(f"pulumi {arguments[0]} failed: {words.strip()}")
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """The answer of a command that prints JSON."""
        return json.loads(self.quiet(*arguments) or "null")

    def shown(self, step: Step, *arguments: str) -> outcome.Changes:
        """Run an update whose progress the user watches, as the work of `step`; what it changed.

        On a terminal the engine shows it; elsewhere `step` says at times where it stands. Raises UpdateFailed
        when resources failed, DiskFull when it was ended for lack of space, another CommandError when it came
        to none of the resources, KeyboardInterrupt once the engine has stopped for an interrupt.
        """
        disk_space.require(self.needs)
        events = self.work / "events.jsonl"  # one for all runs: a killed run leaves it to the next
        events.unlink(missing_ok=True)
        events.touch(mode=0o600)
        command = [*self._start(sys.stdout.isatty()), *arguments, "--event-log", str(events)]
        # The engine's event log is behind this switch; the Automation API uses it the same way.
        variables = {**self.environment, "PULUMI_DEBUG_COMMANDS": "true"}
        if sys.stdout.isatty():
            code = _watched(command, variables, self._require_space)
        else:
            code = _shown_as_it_goes(command, variables, EngineProgress(events, step), self._require_space)
        seen = outcome.read(events)
        if code != 0:
            self._require_space()
            raise (UpdateFailed if seen.reached_resources else CommandError)(
                f"pulumi {arguments[0]} failed; what it said is above",
                "correct it and run the same command again: it carries on from here",
            )
        return seen.changes

    def _require_space(self) -> None:
        disk_space.require(self.needs)

    def _start(self, interactive: bool) -> list[str]:
        command = [str(self.pulumi), "-C", str(self.project)]
        return command if interactive else [*command, "--non-interactive"]


def _diagnosed(printed: str) -> str:
    """The errors that a command has put into the JSON it printed; empty where that is none."""
    try:
        told = json.loads(printed)["diagnostics"]
        return "".join(one["message"] for one in told if one["severity"] == "error").removeprefix("error: ")
    except (ValueError, KeyError, TypeError):
        return ""


def environment(clone: Clone, pulumi: Path, azure: Mapping[str, str]) -> dict[str, str]:
    """What Pulumi needs around it: the CLI first on the PATH, and `azure`.

    `azure` points at the local Azure; it is empty for a stack on Azure, whose state is where the shell says.
    """
    others = {*ELSEWHERE, *foreign()} if azure else set()
    kept = {name: value for name, value in os.environ.items() if name not in others}
    path = os.pathsep.join([str(pulumi.parent), kept.get("PATH", os.defpath)])
    return {**kept, **azure, **additions(clone), "PATH": path}


def foreign() -> list[str]:
    """The variables in this process that say which Azure, and as whom: they mislead beside another set."""
    return sorted(name for name in os.environ if name.startswith(("ARM_", "AZURE_")))


def additions(clone: Clone) -> dict[str, str]:
    """The variables beside the PATH and Azure's that Pulumi works by here.

    The first lets the cached CLI run Pulumi programs outside of the clone, in the environment that is active.
    """
    return {"AZML_VENV": str(clone.environment), "PULUMI_SKIP_UPDATE_CHECK": "true"}


def _watched(command: Sequence[str], environment: Mapping[str, str], check: Callable[[], None]) -> int:
    """Run to the end; the exit code. The engine has the terminal."""
    return _awaited(subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL), check)


def _shown_as_it_goes(
    command: Sequence[str],
    environment: Mapping[str, str],
    progress: EngineProgress,
    check: Callable[[], None],
) -> int:
    """Run to the end; the exit code. Few lines while it runs, and what the engine's display ends with."""
    # A file, not a pipe: an engine that outlives this process must not trip over a reader that left.
    with tempfile.TemporaryFile("w+", errors="replace") as shown:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=shown, stderr=shown
        )

        def meanwhile() -> None:
            check()
            progress.tell()

        try:
            return _awaited(process, meanwhile)
        finally:
            shown.seek(0)
            if words := last_words(shown.read()):
                print(words, flush=True)


def _awaited(process: subprocess.Popen[bytes], meanwhile: Callable[[], None]) -> int:
    """The exit code at the end. Ctrl-C reaches the engine too, and it stops in good order: wait.

    An engine that cannot write its state is ended when `meanwhile` raises DiskFull: it would try each write
    for half a minute, and go on to the next.
    """
    interrupted = False
    while True:
        try:
            code = process.wait(timeout=WATCH_EVERY)
            break
        except subprocess.TimeoutExpired:
            _ended_when_full(process, meanwhile)
        except KeyboardInterrupt:
            interrupted = True
    if interrupted:
        raise KeyboardInterrupt
    return code


def _ended_when_full(process: subprocess.Popen[bytes], meanwhile: Callable[[], None]) -> None:
    try:
        meanwhile()
    except DiskFull:
        end(tree(process.pid))
        process.wait()
        raise
