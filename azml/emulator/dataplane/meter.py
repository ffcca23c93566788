"""What the router counts: requests and latency per deployment and minute, as Azure Monitor tells them."""

import math
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import Any

KEPT_MINUTES = 24 * 60
_GROWTH = math.log(1.02)
"""Latencies fall into classes 2 % wide: percentiles are right to 1 %, a minute is a few hundred numbers."""
PERCENTILES = (50, 90, 95, 99)


@dataclass
class _Series:
    statuses: Counter[tuple[int, int]] = field(default_factory=Counter)
    classes: Counter[int] = field(default_factory=Counter)
    total_ms: float = 0.0


class Meter:
    """Counts of the last 24 hours."""

    def __init__(self) -> None:
        self._minutes: OrderedDict[int, dict[tuple[str, str], _Series]] = OrderedDict()

    def record(
        self, now: float, endpoint: str, deployment: str, status: int, model_status: int, milliseconds: float
    ) -> None:
        """Count one answer at unix time `now`. `model_status` is 0 where the model was not reached."""
        minute = int(now) // 60 * 60
        series = self._minute(minute).setdefault((endpoint, deployment), _Series())
        series.statuses[status, model_status] += 1
        series.classes[round(math.log(max(milliseconds, 0.01)) / _GROWTH)] += 1
        series.total_ms += milliseconds

    def _minute(self, minute: int) -> dict[tuple[str, str], _Series]:
        found = self._minutes.get(minute)
        if found is None:
            found = self._minutes[minute] = {}
            while len(self._minutes) > KEPT_MINUTES:
                self._minutes.popitem(last=False)
        return found

    def report(self, since: float = 0.0) -> list[dict[str, Any]]:
        """One entry a minute and deployment, oldest first, for minutes that begin at `since` or later.

        `minute` is unix time; `requests` lists status, model status and count; latencies are milliseconds.
        """
        return [
            {
                "minute": minute,
                "endpoint": endpoint,
                "deployment": deployment,
                "requests": [[*statuses, count] for statuses, count in series.statuses.items()],
                "latency": _latency(series),
            }
            for minute, deployments in self._minutes.items()
            if minute >= since
            for (endpoint, deployment), series in deployments.items()
        ]


def _latency(series: _Series) -> dict[str, float]:
    count = series.classes.total()
    told = {"count": count, "total": series.total_ms}
    ordered = sorted(series.classes.items())
    for percentile in PERCENTILES:
        left = math.ceil(count * percentile / 100)
        for position, number in ordered:
            left -= number
            if left <= 0:
                told[f"p{percentile}"] = math.exp(position * _GROWTH)
                break
    return told
