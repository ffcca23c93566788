"""Turns measured minutes into time series: the values of a metric, and how they are combined."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from azml.emulator.contract.aggregates import Aggregate, sample
from azml.emulator.control.arm.json import Json
from azml.emulator.control.monitor.definitions import Definition, localized
from azml.emulator.control.monitor.filters import Filter
from azml.emulator.control.monitor.query import MetricsQuery, iso

Report = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Sample:
    """A metric's value in one minute. Dimensions are named in lower case, as in Azure Monitor's answers."""

    minute: int
    dimensions: Mapping[str, str]
    values: Aggregate


@dataclass(frozen=True)
class Span:
    """From `start` to before `end`, in points of `grain` seconds. Times are unix seconds."""

    start: int
    end: int
    grain: int


@dataclass(frozen=True)
class Measured:
    """The data plane's measurements of a resource: `MetricsHistory.answers` and `MetricsHistory.usage`."""

    answers: Report
    usage: Report


def samples(metric: Definition, measured: Measured) -> Iterator[Sample]:
    """All samples of a metric."""
    if metric.name.startswith("RequestLatency"):
        yield from _latencies(metric, measured.answers)
    elif metric.name == "RequestsPerMinute":
        yield from _requests(measured.answers)
    else:
        yield from _used(metric, measured.usage)


def series(metric: Definition, found: Iterable[Sample], query: MetricsQuery) -> list[Json]:
    """The time series that a query gets: one for each value of the dimensions its filter names."""
    names = [name for name in query.filter.conditions if name not in query.rolled_up]
    groups = list(
        grouped(metric, found, Span(query.start, query.end, query.grain), query.filter, names).items()
    )
    if query.order:
        groups.sort(key=lambda one: _rank(one[1], query.order), reverse=query.descending)
    limit = query.top if names else 1
    return [
        _series(dict(zip(names, values, strict=True)), points, query) for values, points in groups[:limit]
    ]


def grouped(
    metric: Definition, found: Iterable[Sample], span: Span, chosen: Filter, names: Sequence[str]
) -> dict[tuple[str, ...], dict[int, Aggregate]]:
    """The points of each series, by the values of the dimensions `names`; one series where there are none."""
    groups: dict[tuple[str, ...], list[Sample]] = defaultdict(list)
    for one in found:
        if span.start <= one.minute < span.end and chosen.allows(one.dimensions):
            groups[tuple(one.dimensions.get(name, "") for name in names)].append(one)
    if not names:
        groups.setdefault((), [])
    return {values: _points(metric, group, span) for values, group in groups.items()}


def number(values: Aggregate, aggregation: str) -> float:
    """One of Azure Monitor's aggregations of some samples."""
    return _numbers(values)[aggregation.lower()]


def _series(dimensions: Mapping[str, str], points: Mapping[int, Aggregate], query: MetricsQuery) -> Json:
    metadata = [{"name": localized(name), "value": value} for name, value in dimensions.items()]
    if query.metadata_only:
        return {"metadatavalues": metadata}
    data = [
        _point(moment, points.get(moment), query) for moment in range(query.start, query.end, query.grain)
    ]
    return {"metadatavalues": metadata, "data": data}


def _points(metric: Definition, group: Sequence[Sample], span: Span) -> dict[int, Aggregate]:
    minutes: dict[int, list[Aggregate]] = defaultdict(list)
    for one in group:
        minutes[one.minute].append(one.values)
    points: dict[int, Aggregate] = {}
    for minute, values in sorted(minutes.items()):
        whole = _added_up(values) if metric.adds_up else reduce(Aggregate.plus, values)
        moment = minute - (minute - span.start) % span.grain
        points[moment] = points[moment].plus(whole) if moment in points else whole
    return points


def _added_up(values: Sequence[Aggregate]) -> Aggregate:
    total = sum(one.average for one in values)
    return Aggregate(1, total, sum(one.least for one in values), sum(one.most for one in values))


def _point(moment: int, values: Aggregate | None, query: MetricsQuery) -> Json:
    """One point; without a sample it has only its time."""
    point: Json = {"timeStamp": iso(moment)}
    if values:
        numbers = _numbers(values)
        point |= {name.lower(): numbers[name.lower()] for name in query.aggregations}
    return point


def _numbers(values: Aggregate) -> dict[str, float]:
    return {
        "average": values.average,
        "minimum": values.least,
        "maximum": values.most,
        "total": values.total,
        "count": float(values.count),
    }


def _rank(points: Mapping[int, Aggregate], order: str) -> float:
    if not points:
        return 0.0
    numbers = _numbers(reduce(Aggregate.plus, points.values()))
    return numbers.get({"sum": "total"}.get(order, order), 0.0)


def _latencies(metric: Definition, answers: Report) -> Iterator[Sample]:
    percentile = metric.name.partition("_")[2].lower()
    for entry in answers:
        latency = entry["latency"]
        whole = Aggregate(latency["count"], latency["total"], latency["least"], latency["most"])
        values = sample(latency[percentile]) if percentile else whole
        yield Sample(entry["minute"], {"deployment": entry["deployment"]}, values)


def _requests(answers: Report) -> Iterator[Sample]:
    for entry in answers:
        for status, model_status, count in entry["requests"]:
            dimensions = {
                "deployment": entry["deployment"],
                "statuscode": str(status),
                "statuscodeclass": f"{status // 100}xx",
                "modelstatuscode": str(model_status) if model_status else "",
                "envoy_response_code": str(status),
            }
            yield Sample(entry["minute"], dimensions, sample(count))


def _used(metric: Definition, usage: Report) -> Iterator[Sample]:
    kinds = {"CpuUtilizationPercentage": "cpu", "CpuMemoryUtilizationPercentage": "memory"}
    dimension = metric.dimensions[0].lower()
    for entry in usage:
        for value, spread in entry[kinds.get(metric.name, "capacity")].items():
            yield Sample(entry["minute"], {dimension: value}, Aggregate(**spread))
