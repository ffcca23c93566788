"""Whose processor time it is: that of this process's descendants, by what they are."""

import threading
from types import TracebackType

import psutil

PARTS = {
    "child.py program": "program",
    "toolchain.language_host": "language host",
    "providers.azml": "plugin azml",
    "providers/azml": "plugin azml",
    "local_azure": "plugin azure-native",
    "azml.emulator.control": "control plane",
    "pulumi": "engine",
}
"""What each process is called, by the first of these texts in its command line."""
_PERIOD = 0.05  # seconds between two looks; a process that ends loses what it used since the last


class Meter:
    """Looks at the processes for as long as its block runs."""

    def __init__(self) -> None:
        self._used: dict[tuple[int, float], float] = {}
        self._names: dict[tuple[int, float], str] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Meter":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def totals(self) -> dict[str, float]:
        """Seconds of processors that each part has used so far."""
        found: dict[str, float] = {}
        for key, seconds in list(self._used.items()):
            name = self._names.get(key, "other")
            found[name] = found.get(name, 0.0) + seconds
        return found

    def _watch(self) -> None:
        while not self._ended.wait(_PERIOD):
            for process in psutil.Process().children(recursive=True):
                try:
                    self._look(process)
                except psutil.Error:  # it has ended meanwhile
                    continue

    def _look(self, process: psutil.Process) -> None:
        key = process.pid, process.create_time()
        times = process.cpu_times()
        self._used[key] = times.user + times.system
        command = " ".join(process.cmdline())
        # Looked at each time: a process has its parent's command line until it runs its own program.
        if name := next((name for text, name in PARTS.items() if text in command), None):
            self._names[key] = name
