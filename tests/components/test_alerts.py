"""The alert rules and the action group that a stack declares: bodies as Azure's published types have them."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from azml.emulator.control.monitor.definitions import DEFINITIONS
from azml.stack.endpoint.alerts import KNOWN
from azml.stack.endpoint.metrics import DEPLOYMENT, METRICS, NAMESPACES
from tests.components.bodies import SECRET, body_of
from tests.components.graph import SUBSCRIPTION, Graph, build
from tests.stack.settings.conftest import engine_config

ROOT = Path(__file__).parents[2]
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-azml-dev/providers"
ENDPOINT = (
    f"{GROUP}/Microsoft.MachineLearningServices/workspaces/mlw-azml-dev/onlineEndpoints/diabetes-azml-dev"
)
EXISTING = f"{GROUP}/Microsoft.Insights/actionGroups/ops"
HOOK = "https://hooks.example.com/x"


@pytest.fixture
def graph() -> Graph:
    """The committed dev environment with alerts, and people who are told."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())["config"]
    config["azml:notify"] = {"emails": ["a@example.com"], "webhooks": [HOOK], "actionGroups": [EXISTING]}
    own = config["azml:endpoints"]["diabetes"]
    own |= {"alerts": {"errors": 20, "saturation": True}, "workbook": True}
    return build(engine_config(config), root=ROOT)


@pytest.mark.process
def test_each_deployment_has_each_alert(graph: Graph) -> None:
    rules = {one.name: one for one in graph.of("MetricAlert")}
    slots = ("blue", "green")
    names = {f"diabetes-azml-dev-{slot}-{rule}" for slot in slots for rule in ("errors", "saturation")}
    assert rules.keys() == names
    assert body_of(rules["diabetes-azml-dev-blue-errors"]) == {
        "location": "global",
        "properties": {
            "description": "diabetes-azml-dev-blue: "
            "RequestsPerMinute is above 20 requests a minute over 5 min",
            "severity": 1,
            "enabled": True,
            "autoMitigate": True,
            "scopes": [ENDPOINT],
            "evaluationFrequency": "PT1M",
            "windowSize": "PT5M",
            "criteria": {
                "odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
                "allOf": [
                    {
                        "name": "errors",
                        "criterionType": "StaticThresholdCriterion",
                        "metricNamespace": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
                        "metricName": "RequestsPerMinute",
                        "operator": "GreaterThan",
                        "threshold": 20,
                        "timeAggregation": "Average",
                        "dimensions": [
                            {"name": "deployment", "operator": "Include", "values": ["blue"]},
                            {
                                "name": "statusCode",
                                "operator": "Include",
                                "values": ["408", "424", "500", "502", "503", "504"],
                            },
                        ],
                    }
                ],
            },
            "actions": [
                {"actionGroupId": "/ids/azure-native:monitor:ActionGroup/ag-mlw-azml-dev"},
                {"actionGroupId": EXISTING},
            ],
        },
    }
    saturation = body_of(rules["diabetes-azml-dev-green-saturation"])
    assert saturation["properties"]["scopes"] == [f"{ENDPOINT}/deployments/green"]
    (criterion,) = saturation["properties"]["criteria"]["allOf"]
    assert (criterion["dimensions"], saturation["properties"]["windowSize"]) == ([], "PT15M")
    waits = "".join(rules["diabetes-azml-dev-green-saturation"].dependencies)
    assert "OnlineDeployment::diabetes-azml-dev-green" in waits


@pytest.mark.process
def test_one_action_group_tells_everybody_and_keeps_the_webhook_secret(graph: Graph) -> None:
    group = graph.one("ActionGroup")
    assert SECRET in group.inputs["webhookReceivers"]
    assert body_of(group) == {
        "location": "Global",
        "properties": {
            "enabled": True,
            "groupShortName": "azml",
            "emailReceivers": [
                {"name": "mail-0", "emailAddress": "a@example.com", "useCommonAlertSchema": True}
            ],
            "webhookReceivers": [
                {
                    "name": "webhook-0",
                    "serviceUri": HOOK,
                    "useAadAuth": False,
                    "useCommonAlertSchema": True,
                }
            ],
        },
    }


@pytest.mark.process
def test_a_workbook_shows_metrics_that_exist(graph: Graph) -> None:
    made = body_of(graph.one("Workbook"))
    document = json.loads(made["properties"].pop("serializedData"))
    workspace = ENDPOINT.partition("/onlineEndpoints")[0]
    assert made == {
        "kind": "shared",
        "properties": {
            "category": "workbook",
            "displayName": "Endpoint diabetes-azml-dev",
            "sourceId": workspace.lower(),
            "version": "Notebook/1.0",
        },
    }
    charts = [one["content"] for one in document["items"] if one["type"] == 10]
    assert len(charts) == 6
    for chart in charts:
        (line,) = chart["metrics"]
        known = {one.name: one for one in DEFINITIONS[line["namespace"]]}
        namespace, category, name = line["metric"].split("-")
        assert (namespace, category) == (line["namespace"], known[name].category)
        assert line["splitBy"] in (None, *known[name].dimensions)
    assert charts[0]["resourceIds"] == [ENDPOINT]
    assert charts[3]["resourceIds"] == [f"{ENDPOINT}/deployments/{slot}" for slot in ("blue", "green")]


def test_alerts_are_made_of_metrics_that_exist_alone() -> None:
    """The table of the settings against the definitions that Azure Monitor answers here, both ways."""
    for metric in METRICS.values():
        known = {one.name: one for one in DEFINITIONS[NAMESPACES[metric.scope].lower()]}
        of_slot = {DEPLOYMENT} if metric.scope == "endpoint" else set()
        assert {*metric.dimensions, *of_slot} == set(known[metric.name].dimensions), metric.name
        assert set(metric.aggregations) == set(known[metric.name].documented)
    assert {one.name for kinds in DEFINITIONS.values() for one in kinds} == METRICS.keys()
    assert all(rule.metric in METRICS.values() for rule in KNOWN.values())
