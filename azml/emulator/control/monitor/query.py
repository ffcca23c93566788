"""A client's query to Azure Monitor, parsed and checked."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from azml.emulator.control.arm.errors import ArmError, bad_request
from azml.emulator.control.monitor.filters import Filter, parse_filter

GRAINS = {
    "PT1M": 60,
    "PT5M": 300,
    "PT15M": 900,
    "PT30M": 1_800,
    "PT1H": 3_600,
    "PT6H": 21_600,
    "PT12H": 43_200,
    "P1D": 86_400,
}
"""Seconds by ISO 8601 duration."""
AGGREGATIONS = ("Average", "Minimum", "Maximum", "Total", "Count")
POINTS_LIMIT = 20_000
_SAME = {"PT60M": "PT1H", "PT24H": "P1D", "PT3600S": "PT1H", "PT60S": "PT1M", "PT300S": "PT5M"}
_DEFAULT_SECONDS = 3_600
_SERIES = 10
_LARGEST = 253_402_300_799  # the year 9999, where dates end


@dataclass(frozen=True)
class MetricsQuery:
    """One query. Times are unix seconds; `grain` is one of GRAINS, or None: a single point for the span."""

    start: int
    end: int
    interval: str
    grain: int
    names: tuple[str, ...]
    aggregations: tuple[str, ...]
    filter: Filter
    rolled_up: frozenset[str]
    top: int
    order: str
    descending: bool
    metadata_only: bool

    @property
    def span(self) -> str:
        """The time span as Azure Monitor writes it."""
        return f"{iso(self.start)}/{iso(self.end)}"


def read_query(parameters: Mapping[str, str]) -> MetricsQuery:
    """A query from the parameters of a URL, whatever their case. Raises ArmError 400."""
    asked = {name.lower().lstrip("$"): value for name, value in parameters.items()}
    start, end = _span(asked)
    interval, grain = _interval(asked.get("interval", "PT1M"), start, end)
    # Points begin at multiples of the grain, such as 10:05:00 for five minutes.
    start -= start % grain if interval != "FULL" else 0
    if (end - start) / grain > POINTS_LIMIT:
        raise _refused(f"The time span has more than {POINTS_LIMIT} points of {interval}.")
    order, _, direction = asked.get("orderby", "").strip().lower().partition(" ")
    return MetricsQuery(
        start=start,
        end=end,
        interval=interval,
        grain=grain,
        names=tuple(name.strip() for name in asked.get("metricnames", "").split(",") if name.strip()),
        aggregations=_aggregations(asked.get("aggregation", "")),
        filter=parse_filter(asked.get("filter", "")),
        rolled_up=frozenset(one.strip().lower() for one in asked.get("rollupby", "").split(",") if one),
        top=_top(asked.get("top", "")),
        order=order,
        descending=direction.strip() != "asc",
        metadata_only=asked.get("resulttype", "").lower() == "metadata",
    )


def iso(seconds: float) -> str:
    """A time as Azure Monitor writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _span(asked: Mapping[str, str]) -> tuple[int, int]:
    start, slash, end = asked.get("timespan", "").partition("/")
    if asked.get("starttime") or asked.get("endtime"):
        start, end = asked.get("starttime", ""), asked.get("endtime", "")
    now = time.time()
    if start and not slash and "timespan" in asked and not end:
        raise _refused("timespan must be two times with a slash between them.")
    last = _moment(end) if end else now
    first = _moment(start) if start else last - _DEFAULT_SECONDS
    if first >= last:
        raise _refused("The start of the time span must be before its end.")
    return int(first), int(last)


def _moment(text: str) -> float:
    # A plus sign that a client did not escape has become a space.
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text.strip())
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise _refused(f"'{text}' is not a time such as 2030-01-31T10:00:00Z.") from error
    if not 0 <= seconds <= _LARGEST:
        raise _refused(f"'{text}' is out of range.")
    return seconds


def _interval(text: str, start: int, end: int) -> tuple[str, int]:
    name = text.upper()
    name = _SAME.get(name, name)
    if name == "FULL":
        return name, max(end - start, 60)
    if name not in GRAINS:
        raise _refused(f"'{text}' is not an interval: {', '.join(GRAINS)} or FULL.")
    return name, GRAINS[name]


def _aggregations(text: str) -> tuple[str, ...]:
    asked = [one.strip() for one in text.split(",") if one.strip()]
    known = {one.lower(): one for one in AGGREGATIONS}
    for one in asked:
        if one.lower() not in known:
            raise _refused(f"'{one}' is not an aggregation: {', '.join(AGGREGATIONS)}.")
    return tuple(known[one.lower()] for one in asked) or ("Average",)


def _top(text: str) -> int:
    if not text:
        return _SERIES
    if not text.isascii() or not text.isdigit() or int(text[:9]) < 1:
        raise _refused("top must be a whole number of at least 1.")
    return int(text[:9])


def _refused(message: str) -> ArmError:
    return bad_request(message)
