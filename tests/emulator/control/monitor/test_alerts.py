"""Alerts on the local Azure, with measurements that a test makes up: what is told, shown, and refused."""

import logging
import time
from collections.abc import Iterator

import pytest

from azml.emulator.contract.answer_counts import Tally
from tests.emulator.webhook import Webhook, action_group, metric_alert, webhook
from tests.fixtures.control_plane import ENDPOINT, GROUP, Client, Json, build_workspace, endpoint_body
from tests.fixtures.in_process import InProcessAzure

INSIGHTS = f"{GROUP}/providers/Microsoft.Insights"
RULE = f"{INSIGHTS}/metricAlerts/busy"
US = f"{INSIGHTS}/actionGroups/us"


@pytest.fixture
def azure(inside: InProcessAzure) -> Iterator[InProcessAzure]:
    """One with an endpoint; afterwards its clock is the machine's again."""
    build_workspace(inside)
    inside.done(inside.arm("PUT", ENDPOINT, endpoint_body()))
    yield inside
    inside.dataplane.answers.clear()
    inside.own("DELETE", "clock")


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as one:
        yield one


def measured(azure: InProcessAzure, requests: int) -> None:
    """As many answers of blue in the minute that is, and nothing before."""
    tally = Tally()
    for _ in range(requests):
        tally.record(200, 0, 5.0)
    now = azure.control.parts.service.steering.clock.wall()
    azure.dataplane.answers[:] = [{"minute": int(now) // 60 * 60, "deployment": "blue", **tally.summary()}]


def pass_minutes(azure: Client, count: int) -> None:
    assert azure.own("POST", "clock", {"advance": 60 * count}).status == 204


def alerts(azure: Client, query: str = "") -> list[Json]:
    answer = azure.arm("GET", f"{GROUP}/providers/Microsoft.AlertsManagement/alerts", query=query)
    assert answer.status == 200, answer.raw
    return [one["properties"]["essentials"] for one in answer.body["value"]]


def test_an_alert_fires_is_told_once_shown_and_resolved(azure: InProcessAzure, hook: Webhook) -> None:
    azure.done(azure.arm("PUT", US, action_group(hook.url)))
    body = metric_alert(
        ENDPOINT, US, dimensions=[{"name": "deployment", "operator": "Include", "values": ["blue"]}]
    )
    azure.done(azure.arm("PUT", RULE, body))
    measured(azure, 5)
    pass_minutes(azure, 1)
    assert (hook.messages, alerts(azure)) == ([], [])
    measured(azure, 6)
    pass_minutes(azure, 1)
    assert hook.conditions() == [("busy", "Fired")]
    (message,) = hook.messages
    assert message["schemaId"] == "azureMonitorCommonAlertSchema"
    (condition,) = message["data"]["alertContext"]["condition"]["allOf"]
    assert condition == {
        "metricName": "RequestsPerMinute",
        "operator": "GreaterThan",
        "threshold": "5",
        "timeAggregation": "Average",
        "dimensions": [{"name": "deployment", "value": "blue"}],
        "metricValue": 6.0,
    }
    (shown,) = alerts(azure, "&monitorCondition=Fired")
    assert (shown["targetResourceName"], shown["severity"], shown["alertRule"]) == ("diabetes", "Sev1", RULE)
    (state,) = azure.arm("GET", f"{RULE}/status").body["value"]
    assert (state["properties"]["status"], state["properties"]["dimensions"]) == (
        "Unhealthy",
        {"deployment": "blue"},
    )
    pass_minutes(azure, 2)
    assert hook.conditions() == [("busy", "Fired")]
    pass_minutes(azure, 1)
    assert hook.conditions() == [("busy", "Fired"), ("busy", "Resolved")]
    assert "resolvedDateTime" in hook.messages[-1]["data"]["essentials"]
    assert alerts(azure, "&monitorCondition=Fired") == []
    assert [one["monitorCondition"] for one in alerts(azure)] == ["Resolved"]
    (state,) = azure.arm("GET", f"{RULE}/status").body["value"]
    assert state["properties"]["status"] == "Healthy"


def test_only_this_machine_is_told(
    azure: InProcessAzure, hook: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says which receivers Azure would tell, and no address, which is a secret."""
    elsewhere = (
        "https://hooks.example.com/of-us-alone",
        "http://127.0.0.1.example.com/of-us-alone",
        "ftp://127.0.0.1/of-us-alone",
    )
    mails = [{"name": "m", "emailAddress": "a@example.com"}]
    azure.done(azure.arm("PUT", US, action_group(*elsewhere, hook.url, emailReceivers=mails)))
    azure.done(azure.arm("PUT", RULE, metric_alert(ENDPOINT, US)))
    measured(azure, 9)
    with caplog.at_level(logging.WARNING):
        pass_minutes(azure, 1)
    assert hook.conditions() == [("busy", "Fired")]
    rows = [one.getMessage() for one in caplog.records]
    assert sum("is not on this machine" in one for one in rows) == 3
    assert "busy fired: no mail is sent by the local Azure; 1 addresses would get one" in rows
    assert "of-us-alone" not in "".join(rows)
    assert b"of-us-alone" not in azure.own("GET", "journal").raw


def test_a_webhook_that_fails_loses_the_message_and_nothing_else(
    azure: InProcessAzure, hook: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a redirection nor a closed port stops the others from being told."""
    hook.status = 307
    azure.done(azure.arm("PUT", US, action_group("http://127.0.0.1:1/x", hook.url)))
    azure.done(azure.arm("PUT", RULE, metric_alert(ENDPOINT, US)))
    measured(azure, 9)
    with caplog.at_level(logging.WARNING):
        pass_minutes(azure, 1)
    text = "".join(one.getMessage() for one in caplog.records)
    assert "hook-0 did not take an alert" in text and "hook-1 answered 307" in text
    assert len(alerts(azure)) == 1


def test_an_alert_is_kept_over_a_change_of_its_rule_and_goes_with_it(azure: InProcessAzure) -> None:
    azure.done(azure.arm("PUT", US, action_group()))
    azure.done(azure.arm("PUT", RULE, metric_alert(ENDPOINT, US)))
    measured(azure, 9)
    pass_minutes(azure, 1)
    azure.done(azure.arm("PUT", RULE, metric_alert(ENDPOINT, US, 50)))
    assert len(alerts(azure)) == 1
    azure.done(azure.arm("DELETE", RULE))
    assert alerts(azure) == []


def test_a_rule_that_is_off_is_not_looked_at(azure: InProcessAzure) -> None:
    azure.done(azure.arm("PUT", US, action_group()))
    body = metric_alert(ENDPOINT, US)
    body["properties"]["enabled"] = False
    azure.done(azure.arm("PUT", RULE, body))
    measured(azure, 9)
    pass_minutes(azure, 1)
    assert alerts(azure) == []


@pytest.mark.parametrize(
    ("properties", "code", "says"),
    [
        ({"windowSize": "PT2M"}, "BadRequest", "windowSize is 'PT2M': it must be one of PT1M, PT5M"),
        ({"evaluationFrequency": "PT6H"}, "BadRequest", "evaluationFrequency is 'PT6H'"),
        ({"evaluationFrequency": "PT5M"}, "BadRequest", "is longer than windowSize"),
        ({"severity": 5}, "BadRequest", "severity is 5"),
        ({"scopes": [f"{ENDPOINT}x"]}, "ResourceNotFound", "was not found"),
        ({"actions": [{"actionGroupId": f"{US}x"}]}, "ActionGroupNotFound", "was not found"),
    ],
)
def test_a_rule_that_azure_would_refuse_is_refused(
    azure: InProcessAzure, properties: Json, code: str, says: str
) -> None:
    azure.done(azure.arm("PUT", US, action_group()))
    body = metric_alert(ENDPOINT, US)
    body["properties"] |= properties
    refused = azure.arm("PUT", RULE, body)
    assert (refused.code, says in refused.body["error"]["message"]) == (code, True), refused.raw


def test_action_groups_that_azure_would_refuse(azure: InProcessAzure) -> None:
    long = action_group(groupShortName="thirteen chars")
    twice = action_group(emailReceivers=[{"name": "hook-0", "emailAddress": "a@b.de"}] * 2)
    for body, says in ((long, "1 to 12 characters"), (twice, "have the same name")):
        refused = azure.arm("PUT", US, body)
        assert (refused.status, says in refused.body["error"]["message"]) == (400, True)


def test_a_filter_that_is_unknown_is_refused(azure: InProcessAzure) -> None:
    path = f"{GROUP}/providers/Microsoft.AlertsManagement/alerts"
    assert azure.arm("GET", path, query="&smartGroupId=1").status == 400


def test_measurements_follow_the_clock_where_there_is_a_rule(azure: InProcessAzure) -> None:
    """Without one, a test that only waits for a name to be free again leaves them alone."""
    azure.dataplane.calls.clear()
    pass_minutes(azure, 1)
    assert ("PUT", "clock") not in azure.dataplane.calls
    azure.done(azure.arm("PUT", US, action_group()))
    azure.done(azure.arm("PUT", RULE, metric_alert(ENDPOINT, US)))
    pass_minutes(azure, 1)
    assert ("PUT", "clock") in azure.dataplane.calls
    before = time.time()
    azure.own("DELETE", "clock")
    assert azure.control.parts.service.steering.clock.wall() - before < 30
