"""Reports the progress of an upload to the user."""

import threading
import time
from collections.abc import Callable

STATUS_SECONDS = 1.0
"""Seconds between two updates of the status that a terminal shows beside the resource."""
LINE_SECONDS = 30.0
"""Seconds between two permanent lines, for logs that show nothing else. A shorter upload prints none."""
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


class Progress:
    """Counts the bytes of one upload. `status` receives transient texts, `line` permanent ones."""

    def __init__(
        self,
        files: int,
        total: int,
        status: Callable[[str], None],
        line: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._files, self._total = files, total
        self._status, self._line, self._clock = status, line, clock
        self._lock = threading.Lock()
        self._begun = clock()
        self._next_status = self._begun + STATUS_SECONDS
        self._next_line = self._begun + LINE_SECONDS
        self._done = 0
        self._whole = 0

    def sent(self, size: int) -> None:
        """Add bytes that have been sent."""
        with self._lock:
            self._done += size
            now = self._clock()
            says_status, says_line = now >= self._next_status, now >= self._next_line
            self._next_status = now + STATUS_SECONDS if says_status else self._next_status
            self._next_line = now + LINE_SECONDS if says_line else self._next_line
            text = self._text()
        if says_line:
            self._line(text)
        elif says_status:
            self._status(text)

    def finished(self) -> None:
        """Add a file that has been sent completely."""
        with self._lock:
            self._whole += 1

    def ended(self) -> None:
        """Report the end of an upload that took long enough to have printed progress."""
        if self._clock() - self._begun >= LINE_SECONDS:
            self._line(f"uploaded {self._files} files, {size_of(self._total)}")

    def _text(self) -> str:
        percent = 100 * self._done // self._total if self._total else 100
        done = f"{size_of(self._done)} of {size_of(self._total)}"
        return f"uploading: {self._whole} of {self._files} files, {done} ({percent} %)"


def size_of(count: float) -> str:
    """A number of bytes in readable units."""
    for unit in _UNITS[:-1]:
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} {_UNITS[-1]}"
