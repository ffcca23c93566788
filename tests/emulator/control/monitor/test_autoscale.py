"""Autoscale settings on the local Azure, with measurements that a test makes up."""

import logging
from collections.abc import Iterator

import pytest

from azml.emulator.contract.answer_counts import Tally
from tests.emulator.webhook import autoscale_setting
from tests.fixtures.control_plane import (
    ENDPOINT,
    GROUP,
    build_assets,
    build_workspace,
    deployment_body,
    endpoint_body,
)
from tests.fixtures.in_process import InProcessAzure

BLUE = f"{ENDPOINT}/deployments/blue"
SETTING = f"{GROUP}/providers/Microsoft.Insights/autoscaleSettings/blue"


@pytest.fixture
def azure(inside: InProcessAzure) -> Iterator[InProcessAzure]:
    """One with a deployment that is scaled from 1 to 3; afterwards its clock is the machine's again."""
    build_workspace(inside)
    build_assets(inside)
    inside.done(inside.arm("PUT", ENDPOINT, endpoint_body()))
    inside.done(inside.arm("PUT", BLUE, deployment_body()))
    inside.done(inside.arm("PUT", SETTING, autoscale_setting(ENDPOINT, "blue", above=10, most=3)))
    yield inside
    inside.dataplane.answers.clear()
    inside.dataplane.usage.clear()
    inside.own("DELETE", "clock")


def pass_minute(azure: InProcessAzure, requests: int = 0, cpu: float | None = None) -> int:
    """How many instances there are after a minute with as many requests and such a use of the CPU."""
    minute = int(azure.control.parts.service.steering.clock.wall()) // 60 * 60
    tally = Tally()
    for _ in range(requests):
        tally.record(200, 0, 5.0)
    azure.dataplane.answers[:] = (
        [{"minute": minute, "deployment": "blue", **tally.summary()}] if requests else []
    )
    spread = {} if cpu is None else {"i": {"count": 1, "total": cpu, "least": cpu, "most": cpu}}
    used = {"minute": minute, "deployment": "blue", "cpu": spread, "memory": {}, "capacity": {}}
    azure.dataplane.usage[:] = [used]
    assert azure.own("POST", "clock", {"advance": 60}).status == 204
    return int(azure.arm("GET", BLUE).body["sku"]["capacity"])


def test_instances_come_with_load_and_go_without(azure: InProcessAzure) -> None:
    assert pass_minute(azure, requests=10, cpu=95) == 1
    assert pass_minute(azure, requests=11, cpu=95) == 2
    assert azure.dataplane.named("blue")["instance_count"] == 2
    assert pass_minute(azure, requests=19, cpu=95) == 2  # not more than 10 for each of the two
    assert pass_minute(azure, requests=21, cpu=95) == 3
    assert pass_minute(azure, requests=99, cpu=95) == 3
    assert pass_minute(azure, cpu=5) == 2
    assert pass_minute(azure) == 2  # without a value, nothing is removed
    assert pass_minute(azure, cpu=5) == 1
    assert pass_minute(azure, cpu=5) == 1


def test_an_update_that_leaves_the_number_alone_changes_nothing(azure: InProcessAzure) -> None:
    """As azure-native does where `sku.capacity` is ignored: it sends the number that it read."""
    assert pass_minute(azure, requests=99, cpu=95) == 2
    azure.done(azure.arm("PUT", BLUE, deployment_body(capacity=2, description="new")))
    assert pass_minute(azure, requests=1, cpu=95) == 2


def test_a_refused_change_is_logged_and_tried_again(
    azure: InProcessAzure, caplog: pytest.LogCaptureFixture
) -> None:
    azure.dataplane.outcomes["blue"] = "failed"
    with caplog.at_level(logging.WARNING):
        pass_minute(azure, requests=99, cpu=95)
    assert "blue: 1 to 2 instances, RequestsPerMinute GreaterThan 10; refused: " in caplog.text
    azure.dataplane.outcomes.clear()
    pass_minute(azure, requests=99, cpu=95)
    assert azure.arm("GET", BLUE).body["properties"]["provisioningState"] == "Succeeded"


def test_a_deployment_has_one_setting(azure: InProcessAzure) -> None:
    refused = azure.arm("PUT", f"{SETTING}2", autoscale_setting(ENDPOINT, "blue", 1, 2))
    assert (refused.status, refused.code) == (409, "Conflict")
    refused = azure.arm("PUT", f"{SETTING}2", autoscale_setting(ENDPOINT, "green", 1, 2))
    assert (refused.status, refused.code) == (404, "ResourceNotFound")


def test_a_setting_that_is_off_changes_nothing(azure: InProcessAzure) -> None:
    body = autoscale_setting(ENDPOINT, "blue", above=10, most=3)
    body["properties"]["enabled"] = False
    azure.done(azure.arm("PUT", SETTING, body))
    assert pass_minute(azure, requests=99, cpu=95) == 1
