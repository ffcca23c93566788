"""The control plane as a child process of the supervisor: its command, and how to tell that it answers."""

import asyncio
import contextlib
import json
import sys
from pathlib import Path

from azml.emulator.base.logs import Log
from azml.emulator.base.parent_death import tied
from azml.emulator.supervisor.children import Child, Command

_READY_POLL_SECONDS = 0.05


def control_child(control: "ControlPlane", log: Log) -> Child:
    """The control plane, which ends when a client asks it to."""
    return Child("control plane", control.prepare, control.started, log, may_leave=True)


class ControlPlane:
    """The control plane's command, and its port, which stays the same over restarts."""

    def __init__(self, folder: Path, port: int, scoring: str, run_dir: Path) -> None:
        self.port = port
        self._folder = folder
        self._scoring = scoring
        self._run_dir = run_dir
        self._ready = run_dir / "control.json"

    def prepare(self) -> Command:
        """The command of its next start."""
        self._ready.unlink(missing_ok=True)
        # This also ends it before its own check for its parent has started.
        command = [sys.executable, "-m", "azml.emulator.control", "--folder", str(self._folder)]
        command += ["--port", str(self.port), "--scoring-url", self._scoring]
        command += ["--dataplane-socket", str(self._run_dir / "dataplane.sock")]
        return tied(*command, "--ready-file", str(self._ready)), ()

    async def started(self) -> None:
        """Wait until it answers."""
        while True:
            with contextlib.suppress(FileNotFoundError, ValueError, KeyError):
                self.port = int(json.loads(self._ready.read_bytes())["port"])
                return
            await asyncio.sleep(_READY_POLL_SECONDS)
