"""The time that steered states follow: the machine's, plus what a test has added."""

import time
from collections.abc import Callable


class Clock:
    """Monotonic seconds. `advance` replaces waiting."""

    def __init__(self, source: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._added = 0.0

    def now(self) -> float:
        """Seconds since an arbitrary moment."""
        return self._source() + self._added

    def wall(self) -> float:
        """Unix seconds: the machine's time, plus what was added."""
        return time.time() + self._added

    @property
    def added(self) -> float:
        """The seconds that were added to the machine's time."""
        return self._added

    def restore(self) -> None:
        """Make it the machine's time again."""
        self._added = 0.0

    def advance(self, seconds: float) -> None:
        """Move the clock forward by some seconds."""
        self._added += seconds
