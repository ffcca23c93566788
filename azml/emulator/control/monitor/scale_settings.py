"""Autoscale settings as resources: what Azure takes, and the profiles in a stored one.

Limits: Microsoft.Insights/autoscaleSettings 2021-05-01-preview, and "Azure Monitor service limits".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from azml.emulator.control.arm.durations import seconds
from azml.emulator.control.arm.errors import bad_request, conflict
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.types import ResourceType, Write
from azml.emulator.control.monitor.definitions import DEFINITIONS, DEPLOYMENT
from azml.emulator.control.monitor.scaling import Profile, ScaleRule
from azml.emulator.control.monitor.schedules import DAYS, Fixed, Weekly, When
from azml.emulator.control.monitor.time_zones import time_zone
from azml.emulator.control.monitor.triggers import (
    Dimension,
    Trigger,
    check_aggregation,
    check_dimensions,
    definition,
)

AUTOSCALE = "Microsoft.Insights/autoscaleSettings"
INSTANCE_LIMIT = 50
PROFILE_LIMIT = 20
RULE_LIMIT = 10
WINDOW = (300, 43_200)  # seconds
COOLDOWN = (60, 604_800)  # seconds
GRAIN = 60  # seconds: that of every metric here
_STATISTICS = {"average": "average", "min": "minimum", "max": "maximum", "sum": "total", "count": "count"}


@dataclass(frozen=True)
class ScaleSetting:
    """A setting of one deployment: its profiles, and when each of them holds."""

    target: str
    profiles: tuple[Profile, ...]
    times: tuple[When, ...]


class AutoscaleSettings(ResourceType):
    """`autoscaleSettings`. Those of online deployments change the number of instances; others are stored."""

    name = AUTOSCALE
    deleted_at_once = True

    def check(self, write: Write) -> None:
        """The deployment exists and has no other setting; limits, metrics and times."""
        setting = setting_of(write.properties)
        if setting is None:
            return
        write.store.get(setting.target)
        for profile in setting.profiles:
            for rule in profile.rules:
                write.store.get(rule.of)
        for other in write.store.under("", AUTOSCALE):
            target = str(other.properties.get("targetResourceUri", ""))
            if other.id.key != write.id.key and target.lower() == setting.target.lower():
                raise conflict(f"'{setting.target}' has the autoscale setting '{other.id.name}' already.")


def setting_of(properties: Json) -> ScaleSetting | None:
    """The setting in a resource's properties; None for a resource that is no online deployment.

    Raises ArmError 400 for what Azure refuses.
    """
    uri = str(properties.get("targetResourceUri") or "")
    profiles = properties.get("profiles") or ()
    if len(profiles) > PROFILE_LIMIT:
        raise bad_request(f"The setting has {len(profiles)} profiles: at most {PROFILE_LIMIT} are allowed.")
    if not uri or resource_id(uri).kind != DEPLOYMENT.lower():
        return None
    return ScaleSetting(
        uri, tuple(_profile(one, uri) for one in profiles), tuple(_when(one) for one in profiles)
    )


def _profile(body: Json, target: str) -> Profile:
    limits = section(body, "capacity")
    least, most, default = (_count(limits, name) for name in ("minimum", "maximum", "default"))
    if not least <= default <= most:
        raise bad_request(f"The capacity of profile '{body['name']}' is not minimum <= default <= maximum.")
    rules = body.get("rules") or ()
    if len(rules) > RULE_LIMIT:
        raise bad_request(
            f"Profile '{body['name']}' has {len(rules)} rules: at most {RULE_LIMIT} are allowed."
        )
    return Profile(str(body["name"]), least, most, default, tuple(_rule(one, target) for one in rules))


def _count(limits: Json, name: str) -> int:
    text = str(limits.get(name, ""))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:4]) <= INSTANCE_LIMIT:
        raise bad_request(f"capacity.{name} is '{text}': it must be from 1 to {INSTANCE_LIMIT}.")
    return int(text)


def _rule(body: Json, target: str) -> ScaleRule:
    trigger, action = section(body, "metricTrigger"), section(body, "scaleAction")
    of = resource_id(str(trigger["metricResourceUri"] or target))
    if of.kind not in DEFINITIONS:
        raise bad_request(f"The local Azure has no metrics of the resource type '{of.type}'.")
    metric = definition(of.kind, str(trigger["metricName"]), str(trigger.get("metricNamespace") or ""))
    dimensions = tuple(
        Dimension(
            str(one["DimensionName"]), tuple(one["Values"]), str(one["Operator"]).lower() == "notequals"
        )
        for one in trigger.get("dimensions") or ()
    )
    check_dimensions(metric, dimensions)
    check_aggregation(metric, str(trigger["timeAggregation"]))
    if seconds(trigger["timeGrain"]) != GRAIN:
        raise bad_request(f"timeGrain is '{trigger['timeGrain']}': {metric.name} has PT1M.")
    return ScaleRule(
        Trigger(
            metric,
            str(trigger["operator"]),
            trigger["threshold"],
            str(trigger["timeAggregation"]),
            dimensions,
        ),
        of.text,
        int(_within(trigger, "timeWindow", WINDOW)),
        _STATISTICS[str(trigger["statistic"]).lower()],
        bool(trigger.get("dividePerInstance", False)),
        _adds(action),
        _change(action),
        _amount(action),
        _within(action, "cooldown", COOLDOWN),
    )


def _adds(action: Json) -> bool:
    direction = str(action["direction"]).lower()
    if direction not in ("increase", "decrease"):
        raise bad_request(f"scaleAction.direction is '{action['direction']}': nothing would happen.")
    return direction == "increase"


def _change(action: Json) -> Any:
    for known in ("ChangeCount", "PercentChangeCount", "ExactCount"):
        if str(action["type"]).lower() == known.lower():
            return known
    raise bad_request(f"scaleAction.type is '{action['type']}', which an online deployment does not have.")


def _amount(action: Json) -> int:
    text = str(action.get("value", "1"))
    if not text.isascii() or not text.isdigit() or int(text[:4]) < 1:
        raise bad_request(f"scaleAction.value is '{text}': it must be a whole number of at least 1.")
    return int(text[:4])


def _within(body: Json, name: str, limits: tuple[int, int]) -> float:
    value, (low, high) = seconds(body[name]), limits
    if not low <= value <= high:
        raise bad_request(f"{name} is '{body[name]}': it must be from {low} to {high} seconds.")
    return value


def _when(body: Json) -> When:
    if fixed := section(body, "fixedDate"):
        zone = time_zone(str(fixed.get("timeZone") or "UTC"))
        start, end = (_moment(fixed[name]) for name in ("start", "end"))
        return Fixed(*(one if one.tzinfo else one.replace(tzinfo=zone) for one in (start, end)))
    recurrence = section(body, "recurrence")
    if not recurrence:
        return None
    if str(recurrence["frequency"]).lower() != "week":
        raise bad_request(f"recurrence.frequency is '{recurrence['frequency']}': it must be Week.")
    schedule = section(recurrence, "schedule")
    return Weekly(
        time_zone(str(schedule["timeZone"])),
        tuple(_days(schedule)),
        tuple(_clock(schedule, "hours", 23)),
        tuple(_clock(schedule, "minutes", 59)),
    )


def _moment(text: object) -> datetime:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError as error:
        raise bad_request(f"'{text}' is not a time such as 2030-01-31T10:00:00.") from error


def _days(schedule: Json) -> Iterator[int]:
    for day in schedule["days"]:
        if str(day).lower() not in DAYS:
            raise bad_request(f"'{day}' is not a day of the week.")
        yield DAYS.index(str(day).lower())


def _clock(schedule: Json, name: str, most: int) -> Iterator[int]:
    for value in schedule[name]:
        if not 0 <= value <= most:
            raise bad_request(f"schedule.{name} has {value}: it must be from 0 to {most}.")
        yield value
