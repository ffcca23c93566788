"""The clock of this machine, for a driver that waits."""

import time

from typing_extensions import override

from azml.azure.arm import Arm
from azml.rollout.driving.ports import Clock


class MachineClock(Clock):
    """Seconds since the epoch; a wait ends early when the connection is cancelled."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    @override
    def now(self) -> float:
        return time.time()

    @override
    def sleep(self, seconds: float) -> None:
        self._arm.pause(seconds)
