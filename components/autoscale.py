"""Autoscaling of an endpoint's deployments, by Azure Monitor."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import monitor

from azml.specs import iso_duration
from azml.stack.endpoint.autoscale import Scale, Time
from azml.stack.endpoint.metrics import DEPLOYMENT, METRICS, NAMESPACES, Metric
from azml.stack.versions import deployment_id

from .component import Component
from .endpoint import Endpoint

DEFAULT = "default"
"""The name of the profile that holds whenever no other does."""


@dataclass(frozen=True, kw_only=True)
class AutoscaleArgs:
    """How each slot in `scales` is scaled; the others keep their number of instances."""

    endpoint: Endpoint
    scales: Mapping[str, Scale]


class Autoscale(Component):
    """One autoscale setting for each deployment, named `<endpoint>-<deployment>-scale`.

    The deployments must not fix their number of instances: an update would restore it.
    """

    def __init__(self, name: str, args: AutoscaleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Autoscale", name, opts)
        for slot, scale in args.scales.items():
            self._setting(f"{name}-{slot}-scale", args.endpoint, slot, scale)
        self.register_outputs({})

    def _setting(self, name: str, endpoint: Endpoint, slot: str, scale: Scale) -> None:
        monitor.AutoscaleSetting(
            name,
            autoscale_setting_name=name,
            name=name,
            resource_group_name=endpoint.workspace.resource_group,
            location=endpoint.workspace.location,
            enabled=True,
            target_resource_uri=deployment_id(endpoint.arm_id, slot),
            profiles=list(_profiles(scale, list(_rules(endpoint.arm_id, slot, scale)))),
            opts=self._child(pulumi.ResourceOptions(depends_on=[endpoint.slots[slot].resource])),
        )


def _profiles(scale: Scale, rules: "list[monitor.ScaleRuleArgs]") -> "Iterator[monitor.AutoscaleProfileArgs]":
    """The default profile, and two for each time: one that begins it, and one that ends it.

    A recurring profile has no end. Azure's portal ends one by a copy of the default that begins then, whose
    name says so ("Autoscale with multiple profiles").
    """
    default = monitor.ScaleCapacityArgs(
        minimum=str(scale.minimum), maximum=str(scale.maximum), default=str(scale.minimum)
    )
    if not scale.times:
        yield monitor.AutoscaleProfileArgs(name=DEFAULT, capacity=default, rules=rules)
        return
    for time in scale.times:
        capacity = monitor.ScaleCapacityArgs(
            minimum=str(time.minimum), maximum=str(time.maximum), default=str(time.minimum)
        )
        begins = _weekly(time, time.start)
        yield monitor.AutoscaleProfileArgs(name=time.name, capacity=capacity, rules=rules, recurrence=begins)
        ends = json.dumps({"name": DEFAULT, "for": time.name}, separators=(",", ":"))
        yield monitor.AutoscaleProfileArgs(
            name=ends, capacity=default, rules=rules, recurrence=_weekly(time, time.end)
        )
    yield monitor.AutoscaleProfileArgs(name=DEFAULT, capacity=default, rules=rules)


def _weekly(time: Time, clock: tuple[int, int]) -> "monitor.RecurrenceArgs":
    hour, minute = clock
    schedule = monitor.RecurrentScheduleArgs(
        time_zone=time.time_zone, days=list(time.days), hours=[hour], minutes=[minute]
    )
    return monitor.RecurrenceArgs(frequency=monitor.RecurrenceFrequency.WEEK, schedule=schedule)


def _rules(endpoint: str, slot: str, scale: Scale) -> "Iterator[monitor.ScaleRuleArgs]":
    """More instances by any of the metrics, fewer by the CPU alone.

    Latency and requests have no value in a minute without requests, and a rule without a value is not met:
    by them, instances would stay through every quiet night.
    """
    limits = {
        "CpuUtilizationPercentage": scale.cpu,
        "RequestLatency_P95": scale.latency,
        "RequestsPerMinute": scale.requests,
    }
    for name, limit in limits.items():
        if limit is not None:
            yield _rule(
                _trigger(endpoint, slot, scale, METRICS[name], limit, "GreaterThan"), scale, "Increase"
            )
    if scale.by_load:
        idle = _trigger(
            endpoint, slot, scale, METRICS["CpuUtilizationPercentage"], scale.cpu_below, "LessThan"
        )
        yield _rule(idle, scale, "Decrease")


def _rule(trigger: "monitor.MetricTriggerArgs", scale: Scale, direction: str) -> "monitor.ScaleRuleArgs":
    return monitor.ScaleRuleArgs(
        metric_trigger=trigger,
        scale_action=monitor.ScaleActionArgs(
            direction=monitor.ScaleDirection(direction),
            type=monitor.ScaleType.CHANGE_COUNT,
            value=str(scale.step),
            cooldown=_minutes(scale.cooldown),
        ),
    )


def _trigger(
    endpoint: str, slot: str, scale: Scale, metric: Metric, limit: float, operator: str
) -> "monitor.MetricTriggerArgs":
    own = metric.scope == "deployment"
    of_slot = monitor.ScaleRuleMetricDimensionArgs(
        dimension_name=DEPLOYMENT, operator="Equals", values=[slot]
    )
    return monitor.MetricTriggerArgs(
        metric_name=metric.name,
        metric_namespace=NAMESPACES[metric.scope],
        metric_resource_uri=deployment_id(endpoint, slot) if own else endpoint,
        time_grain=_minutes(1),
        statistic=monitor.MetricStatisticType.AVERAGE,
        time_window=_minutes(scale.minutes),
        time_aggregation=monitor.TimeAggregationType.AVERAGE,
        operator=monitor.ComparisonOperationType(operator),
        threshold=limit,
        dimensions=[] if own else [of_slot],
        divide_per_instance=metric.name == "RequestsPerMinute",
    )


def _minutes(count: int) -> str:
    return iso_duration(seconds=60 * count) or ""
