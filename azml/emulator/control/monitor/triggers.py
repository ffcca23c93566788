"""A metric of a resource compared with a threshold: what alert rules and autoscale rules have in common.

Pure: the measurements are given, and nothing is read or written.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne

from azml.emulator.contract.aggregates import Aggregate, sample
from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.monitor.definitions import DEFINITIONS, Definition
from azml.emulator.control.monitor.filters import Condition, Filter
from azml.emulator.control.monitor.series import Measured, Span, grouped, number, samples

OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "equals": eq,
    "notequals": ne,
    "greaterthan": gt,
    "greaterthanorequal": ge,
    "lessthan": lt,
    "lessthanorequal": le,
}
MINUTE = 60


@dataclass(frozen=True)
class Dimension:
    """The values of a dimension that count, or with `excluded` those that do not."""

    name: str
    values: tuple[str, ...]
    excluded: bool = False


@dataclass(frozen=True)
class Found:
    """A series' value over a window. `dimensions` are the values that tell it from the others."""

    dimensions: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Trigger:
    """A metric, the dimensions that count, and the comparison.

    Each combination of the values of its dimensions is a series of its own, as Azure has it.
    """

    metric: Definition
    operator: str
    threshold: float
    aggregation: str
    dimensions: tuple[Dimension, ...] = ()

    def found(self, measured: Measured, start: int, end: int) -> list[Found]:
        """The value of each series in the window from `start` to before `end`; a series without samples has
        none."""
        names = [one.name for one in self.dimensions]
        span = Span(start, end, max(end - start, MINUTE))
        series = grouped(
            self.metric,
            samples(self.metric, measured),
            span,
            self._filter(),
            [name.lower() for name in names],
        )
        return [
            Found(dict(zip(names, values, strict=True)), number(points[start], self.aggregation))
            for values, points in series.items()
            if points
        ]

    def by_minute(self, measured: Measured, start: int, end: int, statistic: str) -> float | None:
        """The aggregation of the window's minutes, each of them one number by `statistic`; None without a
        sample."""
        span = Span(start, end, MINUTE)
        (points,) = grouped(self.metric, samples(self.metric, measured), span, self._filter(), ()).values()
        minutes = [sample(number(values, statistic)) for values in points.values()]
        return number(_sum(minutes), self.aggregation) if minutes else None

    def met(self, value: float) -> bool:
        """Whether a value meets the condition."""
        return OPERATORS[self.operator.lower()](value, self.threshold)

    def _filter(self) -> Filter:
        return Filter(
            {
                one.name.lower(): tuple(
                    Condition("ne" if one.excluded else "eq", each) for each in one.values
                )
                for one in self.dimensions
            }
        )


def definition(kind: str, name: str, namespace: str = "") -> Definition:
    """The metric of a resource type in lower case. Raises ArmError 400 when it does not exist."""
    known = {one.name.lower(): one for one in DEFINITIONS[kind]}
    if namespace and namespace.lower() != kind:
        raise bad_request(f"The metric namespace '{namespace}' is not that of the resource, '{kind}'.")
    if name.lower() not in known:
        valid = ",".join(one.name for one in known.values())
        raise bad_request(f"Couldn't find a metric named {name}. Valid metrics: {valid}")
    return known[name.lower()]


def check_dimensions(metric: Definition, dimensions: Sequence[Dimension]) -> None:
    """Raise ArmError 400 for a dimension that the metric does not have, or without a value."""
    valid = {one.lower() for one in metric.dimensions}
    for one in dimensions:
        if one.name.lower() not in valid:
            shown = ", ".join(metric.dimensions) or "none"
            raise bad_request(f"Metric {metric.name} has no dimension '{one.name}'; it has: {shown}.")
        if not one.values:
            raise bad_request(f"The dimension '{one.name}' has no value.")


def check_aggregation(metric: Definition, aggregation: str) -> None:
    """Raise ArmError 400 for an aggregation that Azure's documentation does not list for the metric."""
    if aggregation.lower() not in (one.lower() for one in metric.documented):
        allowed = ", ".join(metric.documented)
        raise bad_request(f"Metric {metric.name} has no aggregation '{aggregation}'; it has: {allowed}.")


def _sum(parts: Sequence[Aggregate]) -> Aggregate:
    whole = parts[0]
    for one in parts[1:]:
        whole = whole.plus(one)
    return whole
