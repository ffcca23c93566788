"""Counts of answers: requests and latency of a deployment in a minute."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_GROWTH = math.log(1.02)
"""Latencies are counted in classes 2 % wide: percentiles are accurate to 1 %, and a minute takes a few
hundred numbers."""
_LEAST_MS = 0.01
PERCENTILES = (50, 90, 95, 99)


@dataclass
class Tally:
    """The answers of one deployment in one minute; tallies of the same minute add up.

    `statuses` counts pairs of status and model status, which is 0 where the model was not reached. Times are
    milliseconds.
    """

    statuses: Counter[tuple[int, int]] = field(default_factory=Counter)
    classes: Counter[int] = field(default_factory=Counter)
    total_ms: float = 0.0
    least_ms: float = math.inf
    most_ms: float = 0.0

    @property
    def count(self) -> int:
        """The number of answers."""
        return self.classes.total()

    def record(self, status: int, model_status: int, milliseconds: float) -> None:
        """Count one answer."""
        self.statuses[status, model_status] += 1
        self.classes[round(math.log(max(milliseconds, _LEAST_MS)) / _GROWTH)] += 1
        self.total_ms += milliseconds
        self.least_ms = min(self.least_ms, milliseconds)
        self.most_ms = max(self.most_ms, milliseconds)

    def add(self, other: "Tally") -> None:
        """Add the answers of another tally."""
        self.statuses += other.statuses
        self.classes += other.classes
        self.total_ms += other.total_ms
        self.least_ms = min(self.least_ms, other.least_ms)
        self.most_ms = max(self.most_ms, other.most_ms)

    def percentile(self, percent: int) -> float:
        """The latency that `percent` of the answers did not exceed, accurate to 1 %.

        Raises ValueError without answers.
        """
        left = math.ceil(self.count * percent / 100)
        for position, number in sorted(self.classes.items()):
            left -= number
            if left <= 0:
                return math.exp(position * _GROWTH)
        raise ValueError("a minute without an answer has no percentile")

    def slower_than(self, milliseconds: float) -> int:
        """The number of answers that took longer, accurate to 1 % of the time."""
        return sum(
            number for position, number in self.classes.items() if math.exp(position * _GROWTH) > milliseconds
        )

    def to_json(self) -> dict[str, Any]:
        """The values as JSON types."""
        return {
            "statuses": [[*pair, count] for pair, count in self.statuses.items()],
            "classes": list(self.classes.items()),
            "times": [self.total_ms, self.least_ms, self.most_ms],
        }

    def summary(self) -> dict[str, Any]:
        """A summary for readers: `requests` lists status, model status and count; latencies are in ms."""
        latency = {"count": self.count, "total": self.total_ms, "least": self.least_ms, "most": self.most_ms}
        latency |= {f"p{percent}": self.percentile(percent) for percent in PERCENTILES}
        return {"requests": [[*pair, count] for pair, count in self.statuses.items()], "latency": latency}


def tally_from_json(values: Mapping[str, Any]) -> Tally:
    """The reverse of `Tally.to_json`."""
    statuses = Counter({(status, model): count for status, model, count in values["statuses"]})
    return Tally(statuses, Counter(dict(values["classes"])), *values["times"])


@dataclass(frozen=True)
class Counted:
    """A tally with its minute (unix time at its start), endpoint and deployment."""

    minute: int
    endpoint: str
    deployment: str
    tally: Tally

    def to_json(self) -> list[Any]:
        """The values as JSON types."""
        return [self.minute, self.endpoint, self.deployment, self.tally.to_json()]


def counted_from_json(values: list[Any]) -> Counted:
    """The reverse of `Counted.to_json`."""
    minute, endpoint, deployment, tally = values
    return Counted(minute, endpoint, deployment, tally_from_json(tally))
