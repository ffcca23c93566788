"""Alert rules as resources: what Azure takes, and the rule in a stored one.

Limits: Microsoft.Insights/metricAlerts 2018-03-01 and "Create or edit a metric alert rule".
"""

from collections.abc import Iterator
from dataclasses import dataclass

from azml.emulator.control.arm.durations import seconds
from azml.emulator.control.arm.errors import bad_request, not_found
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.store import Record
from azml.emulator.control.arm.types import ResourceType, Write
from azml.emulator.control.monitor.definitions import DEFINITIONS
from azml.emulator.control.monitor.triggers import (
    Dimension,
    Trigger,
    check_aggregation,
    check_dimensions,
    definition,
)

METRIC_ALERTS = "Microsoft.Insights/metricAlerts"
ACTION_GROUPS = "Microsoft.Insights/actionGroups"
WINDOWS = ("PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D")
FREQUENCIES = WINDOWS[:5]
SINGLE = "microsoft.azure.monitor.singleresourcemultiplemetriccriteria"
SHORT_NAME_LIMIT = 12
_SAME = {"PT60M": "PT1H", "PT24H": "P1D"}


@dataclass(frozen=True)
class AlertRule:
    """A rule on the metrics of one resource. Times are seconds; `every` is the time between two looks.

    `triggers` are all to be met. With `resolves` it also tells when they no longer are.
    """

    scope: str
    triggers: tuple[tuple[str, Trigger], ...]
    window: int
    every: int
    resolves: bool
    action_groups: tuple[str, ...]


class MetricAlerts(ResourceType):
    """`metricAlerts`. Those on endpoints and deployments are looked at; any other is stored."""

    name = METRIC_ALERTS
    deleted_at_once = True
    created = 200

    def check(self, write: Write) -> None:
        """What is watched exists, and so does the metric; who is told exists."""
        properties = write.properties
        _check_choice(properties, "windowSize", WINDOWS)
        _check_choice(properties, "evaluationFrequency", FREQUENCIES)
        if seconds(properties["evaluationFrequency"]) > seconds(properties["windowSize"]):
            raise bad_request("evaluationFrequency is longer than windowSize.")
        if not 0 <= properties["severity"] <= 4:
            raise bad_request(f"severity is {properties['severity']}: it must be from 0 to 4.")
        rule = rule_of(properties)
        if rule is None:
            return
        write.store.get(rule.scope)
        for group in rule.action_groups:
            if write.store.find(group) is None:
                raise not_found(f"The action group '{group}' was not found.", "ActionGroupNotFound")


class ActionGroups(ResourceType):
    """`actionGroups`. Only their webhooks are told, and only those on this machine."""

    name = ACTION_GROUPS
    deleted_at_once = True

    def check(self, write: Write) -> None:
        """The short name, and the names of receivers."""
        short = str(write.properties.get("groupShortName", ""))
        if not 1 <= len(short) <= SHORT_NAME_LIMIT:
            raise bad_request(f"groupShortName must have 1 to {SHORT_NAME_LIMIT} characters.")
        names = list(_receiver_names(write.properties))
        if len(names) != len(set(names)):
            raise bad_request("Two receivers of the action group have the same name.")


def webhooks(group: Record) -> list[Json]:
    """The webhook receivers of a group that is on."""
    if not group.properties.get("enabled", True):
        return []
    return [one for one in group.properties.get("webhookReceivers") or () if isinstance(one, dict)]


def rule_of(properties: Json) -> AlertRule | None:
    """The rule in an alert's properties; None for what is not on an endpoint or a deployment, and for other
    kinds of criteria, which are stored only. Raises ArmError 400 for a metric that does not exist."""
    scopes, criteria = properties["scopes"], section(properties, "criteria")
    if len(scopes) != 1 or str(criteria.get("odata.type", "")).lower() != SINGLE:
        return None
    scope = resource_id(scopes[0])
    if scope.kind not in DEFINITIONS:
        return None
    conditions = criteria.get("allOf") or ()
    if not conditions:
        raise bad_request("The criteria of the alert rule are empty.")
    return AlertRule(
        scope.text,
        tuple((str(one["name"]), _trigger(scope.kind, one)) for one in conditions),
        int(seconds(properties["windowSize"])),
        int(seconds(properties["evaluationFrequency"])),
        bool(properties.get("autoMitigate", True)),
        tuple(str(one["actionGroupId"]) for one in properties.get("actions") or () if "actionGroupId" in one),
    )


def _trigger(kind: str, condition: Json) -> Trigger:
    metric = definition(kind, str(condition["metricName"]), str(condition.get("metricNamespace") or ""))
    dimensions = tuple(
        Dimension(str(one["name"]), tuple(one["values"]), _excluded(one))
        for one in condition.get("dimensions") or ()
    )
    check_dimensions(metric, dimensions)
    aggregation = str(condition["timeAggregation"])
    check_aggregation(metric, aggregation)
    return Trigger(metric, str(condition["operator"]), condition["threshold"], aggregation, dimensions)


def _excluded(dimension: Json) -> bool:
    operator = str(dimension["operator"])
    if operator.lower() not in ("include", "exclude"):
        raise bad_request(f"The operator of a dimension is '{operator}': it must be Include or Exclude.")
    return operator.lower() == "exclude"


def _check_choice(rule: Json, name: str, allowed: tuple[str, ...]) -> None:
    value = str(rule[name])
    if _SAME.get(value, value) not in allowed:
        raise bad_request(f"{name} is '{value}': it must be one of {', '.join(allowed)}.")


def _receiver_names(properties: Json) -> Iterator[str]:
    for kind, receivers in properties.items():
        if kind.endswith("Receivers") and isinstance(receivers, list):
            yield from (str(one.get("name")) for one in receivers)
