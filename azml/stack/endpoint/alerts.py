"""The setting `alerts` of an endpoint: the conditions under which people are told, for each deployment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from azml.findings import did_you_mean
from azml.stack.endpoint.metrics import METRICS, Metric
from azml.stack.sections.section import Section, describe

Operator = Literal["GreaterThan", "LessThan"]
WINDOWS = (1, 5, 15, 30, 60, 360, 720, 1440)
"""Minutes that a condition may look back (Azure Monitor, metricAlerts, `windowSize`)."""
FREQUENCIES = (1, 5, 15, 30, 60)
"""Minutes between two looks (Azure Monitor, metricAlerts, `evaluationFrequency`)."""
SEVERITIES = (0, 1, 2, 3, 4)
SHAPE = "{errors: 5, latency: 1000}"


@dataclass(frozen=True)
class AlertRule:
    """A condition on one metric of each deployment: an average over `minutes`, looked at `every` minutes.

    `dimensions` are the values that count, by dimension; each combination of values is compared with the
    `limit` by itself. `severity` is Azure's, from 0 (critical) to 4 (verbose).
    """

    name: str
    metric: Metric
    operator: Operator
    limit: float
    aggregation: str = "Average"
    dimensions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    minutes: int = 5
    every: int = 1
    severity: int = 2

    @property
    def description(self) -> str:
        """The condition in words, for people who get the alert."""
        word = "above" if self.operator == "GreaterThan" else "below"
        return f"{self.metric.name} is {word} {self.limit:g} {self.metric.unit} over {self.minutes} min"


_REQUESTS = METRICS["RequestsPerMinute"]
_FAILED = ("408", "424", "500", "502", "503", "504")
KNOWN: Mapping[str, AlertRule] = {
    rule.name: rule
    for rule in (
        AlertRule("errors", _REQUESTS, "GreaterThan", 5, dimensions={"statusCode": _FAILED}, severity=1),
        AlertRule("latency", METRICS["RequestLatency_P95"], "GreaterThan", 1000),
        AlertRule("capacity", _REQUESTS, "GreaterThan", 0, dimensions={"statusCode": ("429",)}, severity=1),
        AlertRule("saturation", METRICS["CpuUtilizationPercentage"], "GreaterThan", 80, minutes=15),
        AlertRule("memory", METRICS["CpuMemoryUtilizationPercentage"], "GreaterThan", 90, minutes=15),
    )
}
"""The conditions that have a name and a default limit. Azure answers 429 when every instance is busy."""


def read_alerts(endpoint: Section) -> tuple[AlertRule, ...]:
    """The rules of an endpoint: all of KNOWN for `true`, else those that the mapping names."""
    node = endpoint.get("alerts")
    if node is None or node.value is False:
        return ()
    if node.value is True:
        return tuple(KNOWN.values())
    section = endpoint.section("alerts", f"{SHAPE}, or true for all with their defaults")
    return tuple(rule for name in section.values if (rule := _rule(section, name)))


def _rule(section: Section, name: str) -> AlertRule | None:
    node = section.get(name)
    if node is None or node.value is False:
        return None
    known = KNOWN.get(name)
    if node.is_table:
        return _written(section.section(name, "{above: 5}"), name, known)
    if known is None:
        remedy = f"{did_you_mean(name, KNOWN)}; a condition of your own is a mapping with `metric:`"
        section.fault(name, "is not a known alert", remedy)
        return None
    if node.value is True:
        return known
    limit = _limit(section, name, known.metric)
    return None if limit is None else replace(known, limit=limit)


def _written(own: Section, name: str, known: AlertRule | None) -> AlertRule | None:
    """A rule written as a mapping."""
    faults = len(own.findings)
    metric = _metric(own, known)
    if metric is None:
        own.known.update(own.values)
        return None
    start = known if known and known.metric == metric else AlertRule(name, metric, "GreaterThan", 0)
    operator, limit = _comparison(own, metric, start, required=known is None)
    rule = AlertRule(
        name,
        metric,
        operator,
        limit,
        _aggregation(own, metric) or start.aggregation,
        _dimensions(own, metric) or start.dimensions,
        _one_of(own, "minutes", WINDOWS, start.minutes),
        _one_of(own, "every", FREQUENCIES, start.every),
        _one_of(own, "severity", SEVERITIES, start.severity),
    )
    if rule.every > rule.minutes:
        own.fault("every", f"{rule.every} is more than minutes, {rule.minutes}", "look at least that often")
    own.finish()
    return rule if len(own.findings) == faults else None


def _metric(own: Section, known: AlertRule | None) -> Metric | None:
    name = own.text("metric")
    if name is None:
        if known is None and own.get("metric") is None:
            own.fault("metric", "is missing", f"name one of {', '.join(METRICS)}")
        return known.metric if known else None
    if name not in METRICS:
        own.fault("metric", f"{name!r} does not exist on online endpoints", did_you_mean(name, METRICS))
    return METRICS.get(name)


def _comparison(own: Section, metric: Metric, start: AlertRule, *, required: bool) -> tuple[Operator, float]:
    above, below = _limit(own, "above", metric), _limit(own, "below", metric)
    if above is not None and below is not None:
        own.fault("below", "stands beside above:", "keep one of them")
    if required and own.get("above") is None and own.get("below") is None:
        own.fault("above", "is missing", f"give a limit in {metric.unit}, with above: or below:")
    if below is not None:
        return "LessThan", below
    return (start.operator, start.limit) if above is None else ("GreaterThan", above)


def _limit(section: Section, key: str, metric: Metric) -> float | None:
    """A limit in the metric's unit; percents end at 100."""
    node = section.get(key)
    value = section.expect(node, (int, float), f"a limit in {metric.unit}, as 80")
    high = 100 if metric.unit == "percent" else None
    return None if value is None else section.within(node, float(value), 0, high, f" {metric.unit}")


def _aggregation(own: Section, metric: Metric) -> str | None:
    value = own.text("aggregation")
    if value is not None and value not in metric.aggregations:
        allowed = ", ".join(metric.aggregations)
        own.fault("aggregation", f"{value!r} does not exist for {metric.name}", f"write {allowed}")
    return value


def _dimensions(own: Section, metric: Metric) -> dict[str, tuple[str, ...]]:
    if own.get("dimensions") is None:
        return {}
    section = own.section("dimensions", '{statusCode: ["503"]}')
    for name in section.values:
        if name not in metric.dimensions:
            shown = ", ".join(metric.dimensions) or "none"
            section.fault(name, f"is not a dimension of {metric.name}", f"it has {shown}")
    return {name: tuple(section.names(name)) for name in section.values}


def _one_of(own: Section, key: str, allowed: tuple[int, ...], default: int) -> int:
    value: int | None = own.expect(own.get(key), int, "a whole number")
    if value is not None and value not in allowed:
        own.fault(key, f"is {describe(value)}", f"Azure has {', '.join(map(str, allowed))}")
    return default if value is None else value
