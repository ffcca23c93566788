"""Locks of the file backend: a killed run leaves its lock behind, and only these commands remove it."""

import json
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from azml.cli.failure import CommandError
from azml.cli.local.processes import alive


@dataclass(frozen=True)
class Lock:
    """One lock file: who holds the stack, and since when (seconds since the epoch)."""

    file: Path
    pid: int
    host: str
    user: str
    since: float

    @property
    def of_this_machine(self) -> bool:
        """Whether it was taken on this machine: only then can its process be checked."""
        return self.host == socket.gethostname()

    @property
    def stale(self) -> bool:
        """Whether the process that took it has ended."""
        return self.of_this_machine and not alive(self.pid, name="pulumi", born_before=self.since)


def read_locks(backend: Path, project: str, stack: str) -> list[Lock]:
    """The locks on a stack of a file backend (its `.pulumi` folder). A half-written one counts as stale."""
    folder = backend / "locks" / "organization" / project / stack
    return [lock for file in sorted(folder.glob("*.json")) if (lock := _read(file))]


def _read(file: Path) -> Lock | None:
    """The lock in `file`; None when its holder has just released it."""
    try:
        written = file.stat().st_mtime
        lock = json.loads(file.read_text())
        since = datetime.fromisoformat(lock["timestamp"]).timestamp()
        return Lock(file, int(lock["pid"]), lock["hostname"], lock["username"], since)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError):
        return Lock(file, 0, socket.gethostname(), "", written)


def require_only_stale(locks: list[Lock]) -> None:
    """Raises CommandError when a lock may belong to a run that is under way."""
    for lock in locks:
        if not lock.of_this_machine:
            raise CommandError(
                f"the stack is locked by {lock.user} on {lock.host} (process {lock.pid})",
                "if that run is dead: pulumi -C local cancel --stack local",
            )
        if not lock.stale:
            raise CommandError(
                f"another pulumi run of {lock.user} holds the stack (process {lock.pid})",
                "wait until it is done, or end it",
            )
