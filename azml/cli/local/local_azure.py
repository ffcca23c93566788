"""Finds, starts and stops the local Azure's process. Everything else goes over HTTP."""

import contextlib
import fcntl
import json
import os
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from azml.cli.clone import Clone
from azml.cli.failure import CommandError, NotThereError
from azml.cli.local.launch import COMMAND, last_words, launch
from azml.cli.local.own_process import is_own, lives, moved_from
from azml.cli.local.processes import alive, end, orphans, tree
from azml.cli.terminal import Step

START_LIMIT = 60.0
"""Seconds the local Azure has to answer after it was started."""
RETURN_LIMIT = 600.0
"""Seconds within which deployments must serve again after a start: environments may have to be rebuilt."""
PATIENCE = 15.0
"""Seconds a running local Azure has to answer before it counts as hung and is replaced."""


@dataclass(frozen=True)
class LocalAzure:
    """A running local Azure, from its `emulator.json`. `token` gives access to `/_azml/*` and nothing else.

    `warning` says which restrictions on scoring scripts this machine cannot enforce.
    """

    pid: int
    arm: str
    scoring: str
    ca: Path
    ca_bundle: Path
    token: str
    warning: str = ""

    def ask(self, method: str, path: str, body: object = None, *, timeout: float = 30.0) -> Any:
        """The answer of one of its own pages, such as `health` or `environment`. `body` is sent as JSON."""
        request = urllib.request.Request(  # noqa: S310 - the address is our own https server's
            f"{self.arm}/_azml/{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.token}"},
            method=method,
        )
        direct = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),  # loopback must not go through the user's proxy
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(self.ca))),
        )
        with direct.open(request, timeout=timeout) as response:
            answer = response.read()
        return json.loads(answer) if answer else None

    def environment(self) -> dict[str, str]:
        """The environment variables that point any Azure client at it."""
        return {name: str(value) for name, value in self.ask("GET", "environment").items()}

    def proxy(self) -> str:
        """The URL of its https proxy, through which programs can reach everything except real Azure."""
        return str(self.ask("GET", "proxy")["url"])

    def answers(self, timeout: float = 5.0) -> bool:
        """Whether it answers now."""
        try:
            self.ask("GET", "health", timeout=timeout)
        except (OSError, ValueError):
            return False
        return True


def recorded(clone: Clone) -> LocalAzure | None:
    """The local Azure in this clone's record, whether or not it still runs."""
    try:
        record = json.loads((clone.emulator / "emulator.json").read_text())
        return LocalAzure(
            int(record["pid"]),
            record["arm"],
            record["scoring"],
            clone.emulator / record["ca"],
            clone.emulator / record["ca_bundle"],
            record["token"],
            record.get("warning", ""),
        )
    except (FileNotFoundError, IsADirectoryError, ValueError, KeyError, TypeError):
        return None


def running(clone: Clone) -> LocalAzure | None:
    """The local Azure of this clone, if it runs and answers."""
    found = recorded(clone)
    return found if found and lives(clone, found.pid) and found.answers() else None


def repairs(clone: Clone) -> list[str]:
    """The files found damaged since it was started, and how they were repaired."""
    try:
        return (clone.emulator / "mended.log").read_text(errors="replace").splitlines()
    except OSError:
        return []


def await_return(clone: Clone, azure: LocalAzure, step: Step) -> list[str]:
    """Wait until what served before serves again; returns what does not, as `endpoint/deployment`.

    Raises CommandError when the local Azure ends meanwhile or takes too long.
    """
    log = f"its log: {clone.shown(clone.logs / 'emulator.log')}"
    deadline = time.monotonic() + RETURN_LIMIT
    waiting = ["what served before"]
    while time.monotonic() < deadline:
        try:
            health = azure.ask("GET", "health", timeout=PATIENCE)
        except (OSError, ValueError) as gone:
            if not alive(azure.pid):
                raise CommandError("the local Azure ended while it started", log) from gone
            health = {"restored": False, "waiting": waiting}
        if health["restored"]:
            return [str(name) for name in health["lost"]]
        waiting = health["waiting"] or waiting
        step.say(f"bringing back {', '.join(waiting)}")
        time.sleep(0.1)
    raise CommandError(f"{', '.join(waiting)} did not come back within {RETURN_LIMIT:.0f} s", log)


def required(clone: Clone) -> LocalAzure:
    """The running local Azure; raises NotThereError when there is none, or none that is usable here."""
    found = running(clone)
    if found is None:
        raise NotThereError("the local Azure is not running", "start it with: azml emulator start")
    if before := moved_from(clone, found.pid):
        raise NotThereError(
            f"the local Azure was started in {before}, before the clone was moved",
            "start it again here with: azml emulator start",
        )
    return found


@contextmanager
def alone(clone: Clone) -> Iterator[None]:
    """Allow one `up`, `down`, `start` or `stop` per clone at a time; the lock ends with its process."""
    clone.work.mkdir(exist_ok=True)
    with (clone.work / "azml.lock").open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            raise CommandError(
                f"another azml command works on this clone (process {handle.read().strip() or 'unknown'})",
                "wait until it is done",
            ) from None
        _sign(handle)
        yield


def _sign(handle: IO[str]) -> None:
    handle.truncate(0)
    handle.write(f"{os.getpid()}\n")
    handle.flush()


def start(clone: Clone, port: int, scoring_port: int, step: Step) -> tuple[LocalAzure, bool]:
    """The running local Azure, and whether it was started here. Ends what an earlier one left behind."""
    if found := _settled(clone, step):
        return found, False
    _clear(clone)
    log = clone.logs / "emulator.log"
    process = launch(clone, port, scoring_port, log)
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CommandError(
                f"the local Azure did not start: {last_words(log)}", f"its log: {clone.shown(log)}"
            )
        found = running(clone)
        if found and found.pid == process.pid:
            return found, True
        step.say(f"waiting for it to answer; log: {clone.shown(log)}")
        time.sleep(0.1)
    end(tree(process.pid))
    raise CommandError(
        f"the local Azure did not answer within {START_LIMIT:.0f} s", f"its log: {clone.shown(log)}"
    )


def _settled(clone: Clone, step: Step) -> LocalAzure | None:
    """The running one. If it does not answer it gets some time: the machine may be busy.

    If its clone has been moved it is stopped: its paths no longer exist.
    """
    deadline = time.monotonic() + PATIENCE
    while (found := recorded(clone)) and lives(clone, found.pid) and time.monotonic() < deadline:
        if before := moved_from(clone, found.pid):
            step.say(f"stopping the one that was started in {before}")
            stop(clone)
            return None
        if found.answers():
            return found
        step.say("it is running, but does not answer yet")
        time.sleep(0.2)
    return None


def stop(clone: Clone) -> bool:
    """Stop the local Azure and whatever is left of an earlier one; returns whether anything was stopped."""
    found = recorded(clone)
    processes = tree(found.pid) if found and lives(clone, found.pid) else []
    if found and processes:
        try:
            found.ask("POST", "shutdown", timeout=10)
        except (OSError, ValueError):
            processes[0].terminate()
        deadline = time.monotonic() + 15
        while alive(found.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        end(process for process in processes if process.is_running())
    left = _clear(clone)
    _clear_sockets(clone)
    return left or bool(processes)


def _clear(clone: Clone) -> bool:
    """End every process of the local Azure, and remove its record."""
    found = recorded(clone)
    left = [orphan.process for orphan in orphans(clone) if orphan.what == "local Azure"]
    if found and is_own(clone, found.pid):
        left = [*tree(found.pid), *left]
    end(left)
    with contextlib.suppress(IsADirectoryError, PermissionError):  # if it is a folder, a start removes it
        (clone.emulator / "emulator.json").unlink(missing_ok=True)
    return bool(left)


def _clear_sockets(clone: Clone) -> None:
    """Remove what a killed one left outside its folder; one that stops does so itself."""
    if (clone.emulator / "run.json").exists():
        command = [*COMMAND, "--folder", str(clone.emulator), "--clear"]
        subprocess.run(command, cwd=clone.root, capture_output=True, check=False)
