"""The autoscale setting that a stack declares: its body as Azure's published type has it."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from azml.azure_native.sdk import resource_type
from azml.azure_native.shapes import outputs
from azml.azure_native.types import BY_TOKEN
from tests.components.bodies import body_of
from tests.components.graph import SUBSCRIPTION, build
from tests.stack.settings.conftest import engine_config

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
ML = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-azml-dev/providers/Microsoft.MachineLearningServices"
ENDPOINT = f"{ML}/workspaces/mlw-azml-dev/onlineEndpoints/diabetes-azml-dev"
NAMESPACE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
OFFICE = {"from": "08:00", "to": "18:30", "min": 3, "max": 9, "time_zone": "W. Europe Standard Time"}


def rule(direction: str, trigger: dict[str, Any]) -> dict[str, Any]:
    common = {
        "timeGrain": "PT1M",
        "statistic": "Average",
        "timeWindow": "PT10M",
        "timeAggregation": "Average",
    }
    action = {"direction": direction, "type": "ChangeCount", "value": "2", "cooldown": "PT15M"}
    return {"metricTrigger": {**common, **trigger}, "scaleAction": action}


def test_a_slot_is_scaled_by_load_and_by_time(tmp_path: Path) -> None:
    config: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())["config"]
    folder = tmp_path / "diabetes"
    shutil.copytree(ROOT / "scoring" / "diabetes", folder)
    file = folder / "green.yml"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith("instance_count")))
    config["azml:endpoints"]["diabetes"]["path"] = str(folder)
    slots = config["azml:endpoints"]["diabetes"]["deployments"]
    scale = {"min": 2, "max": 6, "cpu": 75, "latency": 400, "requests": 120, "step": 2, "minutes": 10}
    probe = {"initial_delay": 30, "period": 10, "failure_threshold": 60}
    whole = {**scale, "cooldown": 15, "schedule": {"office": OFFICE}}
    slots["green"] = {"scale": whole, "startup_probe": probe}
    graph = build(engine_config(config), root=ROOT)
    deployment = graph.one("OnlineDeployment", "diabetes-azml-dev-green")
    assert deployment.inputs["sku"]["capacity"] == 2
    assert "sku.capacity" in deployment.ignore_changes
    started = body_of(deployment)
    given = {"initialDelay": "PT30S", "period": "PT10S", "failureThreshold": 60}
    expected = {**given, "timeout": "PT2S", "successThreshold": 1}
    assert started["properties"]["startupProbe"] == expected
    setting = graph.one("AutoscaleSetting")
    assert "OnlineDeployment::diabetes-azml-dev-green" in "".join(setting.dependencies)
    made = body_of(setting)
    profiles = made["properties"].pop("profiles")
    assert made == {
        "properties": {
            "enabled": True,
            "name": "diabetes-azml-dev-green-scale",
            "targetResourceUri": f"{ENDPOINT}/deployments/green",
        }
    }
    of_slot = {"DimensionName": "deployment", "Operator": "Equals", "Values": ["green"]}
    cpu = {
        "metricName": "CpuUtilizationPercentage",
        "metricNamespace": f"{NAMESPACE}/deployments",
        "metricResourceUri": f"{ENDPOINT}/deployments/green",
        "dimensions": [],
        "dividePerInstance": False,
    }
    endpoint = {"metricNamespace": NAMESPACE, "metricResourceUri": ENDPOINT, "dimensions": [of_slot]}
    above = {"operator": "GreaterThan"}
    latency = {"metricName": "RequestLatency_P95", "threshold": 400, "dividePerInstance": False, **endpoint}
    requests = {"metricName": "RequestsPerMinute", "threshold": 120, "dividePerInstance": True, **endpoint}
    rules = [
        rule("Increase", {**cpu, **above, "threshold": 75}),
        rule("Increase", {**latency, **above}),
        rule("Increase", {**requests, **above}),
        rule("Decrease", {**cpu, "operator": "LessThan", "threshold": 30}),
    ]
    capacity = {"minimum": "2", "maximum": "6", "default": "2"}
    weekly = {
        "timeZone": "W. Europe Standard Time",
        "days": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"],
    }
    assert profiles == [
        {
            "name": "office",
            "capacity": {"minimum": "3", "maximum": "9", "default": "3"},
            "rules": rules,
            "recurrence": {"frequency": "Week", "schedule": {**weekly, "hours": [8], "minutes": [0]}},
        },
        {
            "name": '{"name":"default","for":"office"}',
            "capacity": capacity,
            "rules": rules,
            "recurrence": {"frequency": "Week", "schedule": {**weekly, "hours": [18], "minutes": [30]}},
        },
        {"name": "default", "capacity": capacity, "rules": rules},
    ]
    row = BY_TOKEN[setting.type]
    answer = {"id": "i", "name": "n", "properties": {**made["properties"], "profiles": profiles}}
    assert outputs(row, resource_type(setting.type), answer)["properties"] == answer["properties"]
