"""From counts that grow minute by minute to what is new since the last look.

Azure Monitor shows a minute's count late, and lets it grow afterwards. So all minutes of a step are read at
each look, and each request is handed out once, whenever it arrives. Pure: no clock, no request.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from azml.cli.rollouts.sources.metrics import MINUTE, Point
from azml.rollout.statistics.comparison import Seen

Cell = tuple[int, str]
"""A minute and a deployment."""


def counted(points: Iterable[Point], codes: tuple[str, ...]) -> dict[Cell, Seen]:
    """Requests by minute and deployment, and those answered with one of `codes` (as 408 or 5xx)."""
    found: dict[Cell, Seen] = {}
    for point in points:
        number = round(point.value)
        seen = Seen(number, number if _counts(point.status, codes) else 0)
        cell = point.minute, point.deployment
        found[cell] = found.get(cell, Seen()).plus(seen)
    return found


def _counts(status: str, codes: tuple[str, ...]) -> bool:
    return any(status == code or (code.endswith("xx") and status[:1] == code[:1]) for code in codes)


@dataclass
class Ledger:
    """What has been handed out since a step began, in the minute `opened` (unix seconds)."""

    opened: int
    handed: dict[Cell, Seen] = field(default_factory=dict)

    def begin(self, now: Mapping[Cell, Seen]) -> None:
        """Hand out what the step's first minute has by now: some of it was before the step."""
        self.handed = {cell: seen for cell, seen in now.items() if cell[0] <= self.opened}

    def news(self, now: Mapping[Cell, Seen]) -> dict[str, Seen]:
        """What has come in since the last call, by deployment; it is handed out with this."""
        found: dict[str, Seen] = {}
        for cell, seen in now.items():
            if cell[0] < self.opened:
                continue
            before = self.handed.get(cell, Seen())
            more = Seen(max(0, seen.requests - before.requests), max(0, seen.events - before.events))
            found[cell[1]] = found.get(cell[1], Seen()).plus(more)
            self.handed[cell] = Seen(max(seen.requests, before.requests), max(seen.events, before.events))
        return found


def opened_at(since: float) -> int:
    """The minute that a step begins in."""
    return int(since // MINUTE) * MINUTE
