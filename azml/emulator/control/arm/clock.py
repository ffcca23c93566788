"""The time that steered states go by: the machine's, plus what a test has added."""

import time
from collections.abc import Callable


class Clock:
    """Seconds that never go back. `advance` takes the place of waiting."""

    def __init__(self, source: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._added = 0.0

    def now(self) -> float:
        """Seconds since some moment."""
        return self._source() + self._added

    def wall(self) -> float:
        """Unix seconds: what the machine's calendar says, plus what was added."""
        return time.time() + self._added

    def advance(self, seconds: float) -> None:
        """Go on by some seconds at once."""
        self._added += seconds
