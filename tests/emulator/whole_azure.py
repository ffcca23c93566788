"""A whole local Azure: the supervisor and all that runs under it."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psutil

from tests.emulator.local_azure import ENDPOINT, LocalAzure, endpoint_body, wait_for


class WholeAzure(LocalAzure):
    """The supervisor with all its processes, where the tests of the control plane start that one alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """All that any of its processes wrote."""
        files = [path for path in self.folder.parent.rglob("*.log") if path.is_file()]
        return "\n".join(path.read_text(errors="replace") for path in files)

    def launch(self) -> None:
        record = self.folder / "emulator.json"
        self.folder.parent.mkdir(parents=True)
        command = [sys.executable, "-m", "azml.emulator", "--folder", str(self.folder)]
        with (self.folder.parent / "supervisor.log").open("ab") as log:
            process = subprocess.Popen(
                [*command, "--port", str(self.port), "--scoring-port", "0"], stdout=log, stderr=log
            )
        self._process = process
        wait_for(lambda: record.exists() or process.poll() is not None, 60)
        assert record.exists(), self.log
        self.port = int(json.loads(record.read_text())["arm"].rpartition(":")[2])

    def kill_child(self, word: str) -> None:
        """End one of its processes at once; the supervisor starts another."""
        self.signal_child(word, signal.SIGKILL)

    def signal_child(self, word: str, number: signal.Signals) -> None:
        """Send a signal to one of its processes, and wait for its end."""
        assert self._process is not None
        for child in psutil.Process(self._process.pid).children(recursive=True):
            if any(word in part for part in child.cmdline()):
                child.send_signal(number)
                child.wait(10)

    def answers(self) -> bool:
        """Whether its control plane answers now."""
        try:
            return self.own("GET", "health").status == 200
        except OSError:
            return False

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)

    def link(self) -> str:
        """A fresh link to the studio, with its one-time code."""
        answer = self.own("POST", "studio")
        assert answer.status == 200, answer.raw
        return str(answer.body["link"])

    def shares(self) -> dict[str, int]:
        """The shares that are live now."""
        found: dict[str, int] = self.arm("GET", ENDPOINT).body["properties"]["traffic"]
        return {name: share for name, share in found.items() if share}

    def share_out(self, traffic: dict[str, int]) -> None:
        """Set the shares, whatever they were."""
        self.done(self.arm("PUT", ENDPOINT, endpoint_body(traffic)))


A = TypeVar("A", bound=WholeAzure)


@contextmanager
def running(azure: A, build: Callable[[A], None]) -> Iterator[A]:
    """It, started and built; whatever happens, none of its processes stays."""
    try:
        azure.launch()
        build(azure)
        yield azure
    finally:
        azure.stop()
