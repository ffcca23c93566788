"""Looks at the rules of Azure Monitor every minute, by the clock that a test may move."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from azml.emulator.control.arm.clock import Clock
from azml.emulator.control.dataplane_client import DataplaneClient, DataplaneError
from azml.emulator.control.monitor.measurements import Measurements

MINUTE = 60
MOST_MINUTES = 60
"""Of a clock that was moved further, the last minutes are looked at."""
log = logging.getLogger(__name__)


class Rules(Protocol):
    """Rules of one kind."""

    def active(self) -> bool:
        """Whether there is any."""

    async def look(self, now: int, measurements: Measurements) -> None:
        """Look at them at the minute `now`, unix seconds, and act."""


class Watch:
    """The rules, looked at once in each minute of the clock.

    Measurements follow the same clock: what is measured before it is moved belongs to the time before.
    """

    def __init__(self, clock: Clock, dataplane: DataplaneClient, rules: Sequence[Rules]) -> None:
        self._clock = clock
        self._dataplane = dataplane
        self._rules = rules
        self._turn = asyncio.Lock()
        self._last = self._minute()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(MINUTE - self._clock.wall() % MINUTE)
            try:
                await self.look()
            except Exception:  # of one rule or one minute: the next minute is looked at all the same
                log.exception("the rules of Azure Monitor were not looked at")

    async def advance(self, seconds: float) -> None:
        """The clock is about to be moved: measurements follow it, where there is a rule."""
        if self._has_rules():
            await self._dataplane.put_clock(self._clock.added + seconds)

    async def restore_time(self) -> None:
        """Make the clock the machine's again, for the measurements too."""
        await self._dataplane.put_clock(0.0)
        self._clock.restore()
        self._last = self._minute()

    async def look(self) -> None:
        """Look at the rules for each minute since the last look. A data plane that is away is asked later."""
        async with self._turn:
            now = self._minute()
            first = max(self._last + MINUTE, now - (MOST_MINUTES - 1) * MINUTE)
            self._last = now
            try:
                await self._look(range(first, now + 1, MINUTE))
            except DataplaneError as error:
                log.warning("the rules of Azure Monitor were not looked at: %s", error)

    async def _look(self, minutes: range) -> None:
        if not minutes or not self._has_rules():
            return
        measurements = Measurements(self._dataplane)
        for minute in minutes:
            for one in self._rules:
                await one.look(minute, measurements)

    def _has_rules(self) -> bool:
        return any(one.active() for one in self._rules)

    def _minute(self) -> int:
        return int(self._clock.wall()) // MINUTE * MINUTE
