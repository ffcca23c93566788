"""Runs the Pulumi engine on a stack of this clone."""

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

# The project file sets the local stack's backend; these variables would override it.
ELSEWHERE = ("PULUMI_BACKEND_URL", "PULUMI_STACK", "PULUMI_PROJECT")
WATCH_EVERY = 0.5
"""Seconds between two checks of a running engine."""


class UpdateFailed(CommandError):
    """An update that began with the resources and could not bring all of them to their declared state."""


@dataclass(frozen=True)
class Engine:
    """A stack, and how to run Pulumi on it.

    `work` is a folder for files of a run other than its state. `needs` are the bytes that must be free for
    an update, by folder.
    """

    pulumi: Path
    project: Path
    stack: str
    environment: Mapping[str, str]
    work: Path
    needs: Mapping[Path, int] = field(default_factory=dict)

    def quiet(self, *arguments: str) -> str:
        """Run a command and return its output; raises CommandError with its message when it fails."""
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
        """Run an update and show its progress as that of `step`; returns what it changed.

        On a terminal the engine shows it; elsewhere `step` reports it from time to time. Raises UpdateFailed
        when resources failed, DiskFull when it was ended for lack of space, another CommandError when it did
        not get to any resource, KeyboardInterrupt once the engine has stopped for an interrupt.
        """
        disk_space.require(self.needs)
        events = self.work / "events.jsonl"  # one for all runs: the next run removes a killed run's
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
                f"pulumi {arguments[0]} failed; see its output above",
                "correct it and run the same command again: it continues from here",
            )
        return seen.changes

    def _require_space(self) -> None:
        disk_space.require(self.needs)

    def _start(self, interactive: bool) -> list[str]:
        command = [str(self.pulumi), "-C", str(self.project)]
        return command if interactive else [*command, "--non-interactive"]


def _diagnosed(printed: str) -> str:
    """The errors in the JSON that a command printed; empty where it is not JSON."""
    try:
        diagnostics = json.loads(printed)["diagnostics"]
        return "".join(one["message"] for one in diagnostics if one["severity"] == "error").removeprefix(
            "error: "
        )
    except (ValueError, KeyError, TypeError):
        return ""


def environment(clone: Clone, pulumi: Path, azure: Mapping[str, str]) -> dict[str, str]:
    """Pulumi's environment: the CLI first on the PATH, and `azure`.

    `azure` points at the local Azure; it is empty for a stack on Azure, which uses the shell's backend.
    """
    others = {*ELSEWHERE, *foreign()} if azure else set()
    kept = {name: value for name, value in os.environ.items() if name not in others}
    path = os.pathsep.join([str(pulumi.parent), kept.get("PATH", os.defpath)])
    return {**kept, **azure, **additions(clone), "PATH": path}


def foreign() -> list[str]:
    """The variables of this process that select an Azure and an identity, and would conflict with others."""
    return sorted(name for name in os.environ if name.startswith(("ARM_", "AZURE_")))


def additions(clone: Clone) -> dict[str, str]:
    """The variables for Pulumi here, besides the PATH and Azure's.

    The first lets the cached CLI run Pulumi programs outside the clone, in the active environment.
    """
    return {"AZML_VENV": str(clone.environment), "PULUMI_SKIP_UPDATE_CHECK": "true"}


def _watched(command: Sequence[str], environment: Mapping[str, str], check: Callable[[], None]) -> int:
    """Run to the end; returns the exit code. The engine has the terminal."""
    return _awaited(subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL), check)


def _shown_as_it_goes(
    command: Sequence[str],
    environment: Mapping[str, str],
    progress: EngineProgress,
    check: Callable[[], None],
) -> int:
    """Run to the end; returns the exit code. Prints a few lines of progress, and the end of the output."""
    # A file, not a pipe: an engine that outlives this process must not fail on a closed pipe.
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
    """The exit code. Ctrl-C reaches the engine too, which then stops cleanly, so wait for it.

    An engine that cannot write its state is ended when `meanwhile` raises DiskFull: it would retry each write
    for half a minute, and then go on to the next.
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
