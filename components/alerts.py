"""Alert rules on the metrics of an endpoint's deployments."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import monitor

from azml.specs import iso_duration
from azml.stack.endpoint.alerts import AlertRule
from azml.stack.endpoint.metrics import DEPLOYMENT, NAMESPACES
from azml.stack.versions import deployment_id

from .component import Component
from .endpoint import Endpoint

SINGLE = "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria"
STATIC = "StaticThresholdCriterion"


@dataclass(frozen=True, kw_only=True)
class AlertsArgs:
    """The rules for each deployment of an endpoint, and the action groups that are told."""

    endpoint: Endpoint
    rules: Sequence[AlertRule]
    action_group_ids: Sequence[pulumi.Input[str]] = ()


class Alerts(Component):
    """One metric alert for each rule and deployment, named `<endpoint>-<deployment>-<rule>`.

    A rule refers to its deployment by id, and is created after it and deleted before it.
    """

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Alerts", name, opts)
        for slot in args.endpoint.slots:
            for rule in args.rules:
                self._alert(f"{name}-{slot}", args, slot, rule)
        self.register_outputs({})

    def _alert(self, name: str, args: AlertsArgs, slot: str, rule: AlertRule) -> None:
        whole = f"{name}-{rule.name}"
        monitor.MetricAlert(
            whole,
            rule_name=whole,
            resource_group_name=args.endpoint.workspace.resource_group,
            location="global",
            description=f"{name}: {rule.description}",
            severity=rule.severity,
            enabled=True,
            auto_mitigate=True,
            scopes=[_scope(args.endpoint, slot, rule)],
            evaluation_frequency=iso_duration(seconds=60 * rule.every) or "",
            window_size=iso_duration(seconds=60 * rule.minutes) or "",
            criteria=monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
                odata_type=SINGLE, all_of=[_criterion(slot, rule)]
            ),
            actions=[monitor.MetricAlertActionArgs(action_group_id=one) for one in args.action_group_ids],
            opts=self._child(pulumi.ResourceOptions(depends_on=[args.endpoint.slots[slot].resource])),
        )


def _scope(endpoint: Endpoint, slot: str, rule: AlertRule) -> str:
    """The resource that has the metric, as text: a deployment that is made again is no other target."""
    own = endpoint.arm_id
    return own if rule.metric.scope == "endpoint" else deployment_id(own, slot)


def _criterion(slot: str, rule: AlertRule) -> "monitor.MetricCriteriaArgs":
    of_slot = {DEPLOYMENT: (slot,)} if rule.metric.scope == "endpoint" else {}
    return monitor.MetricCriteriaArgs(
        name=rule.name,
        criterion_type=STATIC,
        metric_namespace=NAMESPACES[rule.metric.scope],
        metric_name=rule.metric.name,
        operator=rule.operator,
        threshold=rule.limit,
        time_aggregation=rule.aggregation,
        dimensions=[
            monitor.MetricDimensionArgs(name=name, operator="Include", values=list(values))
            for name, values in {**of_slot, **rule.dimensions}.items()
        ],
    )
