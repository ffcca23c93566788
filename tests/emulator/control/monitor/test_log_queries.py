"""The traffic log in Log Analytics, as far as a rollout asks for it."""

from collections.abc import Iterator
from typing import Any

import pytest

from azml.cli.rollouts.sources.traffic_log import QUERY
from tests.fixtures.control_plane import ENDPOINT, GROUP, build_workspace, endpoint_body
from tests.fixtures.in_process import InProcessAzure

LOGS = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/logs"
OTHER = f"{LOGS}2"
SETTING = f"{ENDPOINT}/providers/Microsoft.Insights/diagnosticSettings/azml"
TRAFFIC = {"category": "AmlOnlineEndpointTrafficLog", "enabled": True}
SUBSCRIPTION, (WORKSPACE, _, NAME) = ENDPOINT.split("/")[2], ENDPOINT.split("/")[-3:]


@pytest.fixture
def azure(inside: InProcessAzure) -> Iterator[InProcessAzure]:
    build_workspace(inside)
    inside.done(inside.arm("PUT", ENDPOINT, endpoint_body()))
    for logs in (LOGS, OTHER):
        inside.done(inside.arm("PUT", logs, {"location": "westeurope", "properties": {}}))
    yield inside
    inside.dataplane.slow_answers.clear()
    inside.own("POST", "log-ingestion", {"seconds": 0})
    inside.own("DELETE", "clock")


def asked(azure: InProcessAzure, text: str, logs: str = LOGS) -> Any:
    return azure.arm("POST", f"{logs}/query", {"query": text})


def query(**named: str) -> str:
    body = {"endpoint": NAME.upper(), "workspace": WORKSPACE, "subscription": SUBSCRIPTION, **named}
    return QUERY.format(since="2026-01-01T10:00:00Z", milliseconds="250.000", **body)


def rows(azure: InProcessAzure, text: str = query(), logs: str = LOGS) -> Any:
    answer = asked(azure, text, logs)
    assert answer.status == 200, answer.raw
    (table,) = answer.body["tables"]
    assert [one["name"] for one in table["columns"]] == ["DeploymentName", "Minute", "Requests", "Slow"]
    return table["rows"]


def test_a_workspace_has_the_requests_that_a_setting_sends_it_and_no_others(azure: InProcessAzure) -> None:
    azure.dataplane.slow_answers.append(
        {"minute": 1_767_261_600, "deployment": "blue", "requests": 9, "slow": 2}
    )
    assert rows(azure) == [], "no setting"
    events = {"category": "AmlOnlineEndpointEventLog", "enabled": True}
    azure.done(azure.arm("PUT", SETTING, {"properties": {"workspaceId": LOGS, "logs": [events]}}))
    assert rows(azure) == [], "another log"
    azure.done(azure.arm("PUT", SETTING, {"properties": {"workspaceId": LOGS, "logs": [TRAFFIC]}}))
    assert rows(azure) == [["blue", "2026-01-01T10:00:00Z", 9, 2]]
    last = azure.dataplane.asked_slow[-1]
    assert last == {"since": "1767261600.0", "endpoint": ENDPOINT.lower(), "milliseconds": "250.0"}
    assert rows(azure, logs=OTHER) == []
    assert rows(azure, query(endpoint="another")) == rows(azure, query(workspace="another")) == []


def test_rows_come_as_late_as_a_test_says(azure: InProcessAzure) -> None:
    azure.done(azure.arm("PUT", SETTING, {"properties": {"workspaceId": LOGS, "logs": [TRAFFIC]}}))
    minute = int(azure.control.parts.service.steering.clock.wall()) // 60 * 60
    azure.dataplane.slow_answers.append({"minute": minute, "deployment": "blue", "requests": 9, "slow": 2})
    assert len(rows(azure)) == 1
    assert azure.own("POST", "log-ingestion", {"seconds": 300}).status == 204
    assert rows(azure) == []
    assert azure.own("POST", "clock", {"advance": 361}).status == 204
    assert len(rows(azure)) == 1


@pytest.mark.parametrize(
    "text",
    ["AmlOnlineEndpointTrafficLog", "", query(endpoint="x' or true or '"), query().replace("T10", "T99")],
)
def test_any_other_query_is_refused(azure: InProcessAzure, text: str) -> None:
    answer = asked(azure, text)
    assert (answer.status, answer.body["error"]["code"]) == (400, "BadArgumentError")


def test_a_workspace_has_to_exist(azure: InProcessAzure) -> None:
    assert asked(azure, query(), f"{LOGS}3").status == 404
