"""The clock of this machine, for a driver that waits."""

import time

from azml.azure.arm import Arm


class MachineClock:
    """Seconds since the epoch; a wait ends early when the connection is cancelled."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def now(self) -> float:
        """Seconds now."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Return so many seconds later."""
        self._arm.pause(seconds)
