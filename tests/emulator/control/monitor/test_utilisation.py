"""Kubernetes deployments with a target utilisation: how many instances their requests need."""

import pytest

from azml.emulator.contract.answer_counts import Tally
from azml.emulator.control.monitor.series import Measured
from azml.emulator.control.monitor.utilisation import Target, in_progress
from tests.fixtures.control_plane import (
    ENDPOINT,
    WORKSPACE,
    build_assets,
    build_workspace,
    deployment_body,
    endpoint_body,
)
from tests.fixtures.in_process import InProcessAzure

BLUE = f"{ENDPOINT}/deployments/blue"


@pytest.mark.parametrize(("busy", "count"), [(0.0, 1), (7.0, 1), (7.1, 2), (14.0, 2), (60.0, 5)])
def test_each_instance_gets_its_share_of_the_requests_in_progress(busy: float, count: int) -> None:
    assert Target(percent=70, concurrent=10, least=1, most=5).wanted(busy) == count


def test_requests_in_progress_are_their_number_times_how_long_they_take() -> None:
    """60 requests of 2 s in a minute: two at any moment."""
    tally = Tally()
    for _ in range(60):
        tally.record(200, 0, 2_000.0)
    minutes = [{"minute": at, **tally.summary()} for at in (0, 60, 120)]
    assert in_progress(Measured(minutes, []), 60, 120) == pytest.approx(2.0)


def test_a_deployment_follows_its_requests(inside: InProcessAzure) -> None:
    build_workspace(inside)
    build_assets(inside)
    compute = f"{WORKSPACE}/computes/cluster"
    inside.done(inside.arm("PUT", ENDPOINT, endpoint_body(compute=compute)))
    scaling = {"scaleType": "TargetUtilization", "maxInstances": 3, "targetUtilizationPercentage": 50}
    body = deployment_body(endpointComputeType="Kubernetes", scaleSettings=scaling)
    inside.done(inside.arm("PUT", BLUE, body))
    tally = Tally()
    for _ in range(30):
        tally.record(200, 0, 2_000.0)
    minute = int(inside.control.parts.service.steering.clock.wall()) // 60 * 60
    inside.dataplane.answers[:] = [{"minute": minute, "deployment": "blue", **tally.summary()}]
    try:
        counts = []
        for _ in range(2):
            inside.own("POST", "clock", {"advance": 60})
            counts.append(inside.arm("GET", BLUE).body["sku"]["capacity"])
        assert counts == [2, 1]
    finally:
        inside.dataplane.answers.clear()
        inside.own("DELETE", "clock")
