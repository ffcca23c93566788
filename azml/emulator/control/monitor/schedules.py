"""Which profile of an autoscale setting holds at a moment.

Source: learn.microsoft.com, "Autoscale with multiple profiles": a fixed date wins; a recurring profile holds
from its start to the start of the next one; the default holds where there is no other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Weekly:
    """Starts at some times of day on some days of the week, 0 for Monday."""

    zone: ZoneInfo
    days: tuple[int, ...]
    hours: tuple[int, ...]
    minutes: tuple[int, ...]

    def latest(self, now: datetime) -> datetime | None:
        """The latest start up to a moment; None where there is no start in a week."""
        return max((start for start in self._starts(now) if start <= now), default=None)

    def _starts(self, now: datetime) -> Iterator[datetime]:
        local = now.astimezone(self.zone)
        for back in range(8):
            day = local.date() - timedelta(days=back)
            if day.weekday() in self.days:
                for hour in self.hours:
                    for minute in self.minutes:
                        yield datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)


@dataclass(frozen=True)
class Fixed:
    """From one moment to another."""

    start: datetime
    end: datetime


When = Weekly | Fixed | None


def current(profiles: Sequence[When], seconds: float) -> int:
    """The place of the profile that holds at unix time `seconds`; None stands for the default profile.

    Without a default, and before any other begins, it is the first.
    """
    now = datetime.fromtimestamp(seconds, UTC)
    for place, one in enumerate(profiles):
        if isinstance(one, Fixed) and one.start <= now < one.end:
            return place
    starts = [
        (start, place)
        for place, one in enumerate(profiles)
        if isinstance(one, Weekly) and (start := one.latest(now))
    ]
    if starts:
        return max(starts)[1]
    return next((place for place, one in enumerate(profiles) if one is None), 0)
