"""Which slot takes over from which, what it needs, and what would keep the rollout from its end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from azml.cli.endpoints import endpoints
from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.cli.failure import InputError
from azml.cli.rollouts.endpoint import ArmEndpoint, shares_between, unready
from azml.cli.rollouts.refusals import refusals, unfinished, unusable
from azml.cli.rollouts.slots import Slots, choose
from azml.cli.rollouts.sources.requests import Requests
from azml.cli.rollouts.sources.thresholds import by_percentiles, notes_on
from azml.rollout.driving.ports import Unavailable
from azml.rollout.gates import ThresholdGate
from azml.rollout.journals.journal import Shares
from azml.rollout.plan import gates_of
from tests.cli.rollouts.azure import ENDPOINT, Wire, connection, endpoint
from tests.rollout.plans import GATES, plan, steps

BOTH: Mapping[str, Mapping[str, Any]] = {"blue": {}, "green": {}}


def found(
    traffic: Mapping[str, int],
    deployments: Mapping[str, Mapping[str, Any]] = BOTH,
    mirror: Mapping[str, int] | None = None,
) -> OnlineEndpoint:
    wire = Wire()
    endpoint(wire, traffic, deployments, mirror)
    return endpoints.read(connection(wire), "echo")


def test_the_idle_slot_takes_over_from_the_one_with_all_the_traffic() -> None:
    assert choose(found({"blue": 100}), None) == Slots("blue", "green")
    assert choose(found({"blue": 100}, {**BOTH, "red": {}}), "red") == Slots("blue", "red")
    assert choose(found({}, {"blue": {}}), None) == Slots("", "blue")


@pytest.mark.parametrize(
    ("traffic", "deployments", "mirror", "slot", "words"),
    [
        ({"blue": 90, "green": 10}, BOTH, {}, None, "has blue 90 %, green 10 %"),
        ({"blue": 100}, BOTH, {"green": 20}, None, "mirrored to green 20 %"),
        ({"blue": 100}, {"blue": {}}, {}, None, "no idle deployment"),
        ({"blue": 100}, {**BOTH, "red": {}}, {}, None, "--slot green or --slot red"),
        ({"blue": 100}, BOTH, {}, "blue", "has all the traffic already"),
    ],
)
def test_a_start_that_is_not_clear_is_refused(
    traffic: dict[str, int], deployments: Any, mirror: dict[str, int], slot: str | None, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        choose(found(traffic, deployments, mirror), slot)


def test_a_share_needs_its_part_of_the_instances() -> None:
    both = found({"blue": 100}, {"blue": {"instances": 4}, "green": {"instances": 2}})
    assert unready(both, "blue", "green", Shares(50, 50), 4) == ""
    assert "green has 2 instances, and 75 % of the traffic needs 3" in unready(
        both, "blue", "green", Shares(25, 75), 4
    )
    small = found({"blue": 100}, {"blue": {"instances": 1}, "green": {"instances": 4}})
    assert "blue has 1 instance, and" in unready(small, "blue", "green", Shares(100, 0), 4)
    other = found({"blue": 100}, {"blue": {"instances": 4}, "green": {"size": "Standard_F8s_v2"}})
    assert unready(other, "blue", "green", Shares(0, 100), 4) == ""
    failed = found({"blue": 100}, {"blue": {}, "green": {"state": "Failed"}})
    assert unready(failed, "blue", "green", Shares(95, 5), 1) == "green is Failed"
    assert "no deployment green" in unready(found({}, {"blue": {}}), "blue", "green", Shares(95, 5), 1)


def test_shares_of_another_slot_are_nobodys() -> None:
    assert shares_between(found({"blue": 80, "red": 20}), "blue", "green") == Shares(80, 0)


def test_while_azure_carries_a_write_out_no_share_holds_and_none_is_written() -> None:
    wire = Wire()
    endpoint(wire, {"blue": 100}, BOTH, state="Updating")
    held = connection(wire)
    mine = ArmEndpoint(held, "echo", Slots("blue", "green"), Requests(held, "echo"))
    for ask in (mine.shares, lambda: mine.write(Shares(95, 5))):
        with pytest.raises(Unavailable, match="Updating"):
            ask()
    assert all(method == "GET" for method, _, _ in wire.seen)


def test_a_write_names_only_who_gets_something_and_is_sent_even_where_it_holds() -> None:
    wire = Wire()
    endpoint(wire, {"blue": 100}, BOTH)
    wire.tell(f"PUT {ENDPOINT}", {"properties": {"provisioningState": "Succeeded"}})
    held = connection(wire)
    mine = ArmEndpoint(held, "echo", Slots("blue", "green"), Requests(held, "echo"))
    mine.write(Shares(100, 0))
    mine.write(Shares(100, 0, 20))
    same, mirrored = [body or b"" for method, _, body in wire.seen if method == "PUT"]
    assert b'"traffic": {"blue": 100}' in same
    assert b'"traffic": {"blue": 100}' in mirrored
    assert b'"mirrorTraffic": {"green": 20}' in mirrored


def test_a_version_that_serves_already_and_one_of_unknown_content_are_not_rolled_out() -> None:
    same = found({"blue": 100}, {"blue": {"serves": "a"}, "green": {"serves": "a"}})
    (finding,) = refusals(same, Slots("blue", "green"), 1)
    assert "nothing to roll out" in finding.message
    unknown = found({"blue": 100}, {"blue": {}, "green": {"serves": None}})
    (finding,) = refusals(unknown, Slots("blue", "green"), 1)
    assert "what it serves is unknown" in finding.message


def test_a_plan_that_todays_traffic_cannot_finish_says_what_would() -> None:
    written = plan(steps("{traffic: 5, for: 10m, gates: [errors]}", "{traffic: 100}", gates=GATES))
    (finding,) = unfinished(written, 100)
    assert "step 1 cannot finish: errors needs 344 requests of the candidate" in finding.message
    assert "compare: replay" in finding.remedy
    wanted = float(finding.remedy.partition(" ")[0])
    assert list(unfinished(written, wanted + 1)) == []


def test_a_gate_that_finds_nothing_out_here_is_refused(tmp_path: Path) -> None:
    (tmp_path / "requests").mkdir()
    (tmp_path / "requests" / "one.json").write_text("{broken")
    written = plan(steps("smoke: [smoke]", "{traffic: 100, for: 10m, gates: [errors]}", gates=GATES))
    (finding,) = unusable(written, tmp_path, None)
    assert "one.json is not valid JSON" in finding.message


def test_collected_requests_that_are_too_few_are_told_before_the_start(tmp_path: Path) -> None:
    gate = "{compare: replay, requests: collected, sample: 50, fields: [{path: $.x, at_least: 0.9}]}"
    written = plan(f"gates:\n  it: {gate}\nsteps:\n  - {{traffic: 100, for: 1m, gates: [it]}}\n")

    def kept(most: int) -> None:
        raise Unavailable(f"2 of {most}")

    (finding,) = unusable(written, tmp_path, kept)
    assert "it: 2 of 50" in finding.message
    assert list(unusable(written, tmp_path, None)) == []


def test_slow_answers_become_the_percentile_that_means_the_same_for_a_minute() -> None:
    """Where a person is awaited there is no end of minutes to judge it at."""
    written = plan("prod")
    judged = by_percentiles(written)
    kept = {gate.name: gate for step in judged.steps for gate in gates_of(step)}
    assert kept["latency"] == ThresholdGate("latency", "latency_p95", 0.25)
    assert kept["errors"] == {gate.name: gate for step in written.steps for gate in gates_of(step)}["errors"]
    assert len(list(notes_on(written))) == 1 and list(notes_on(judged)) == []
    waiting = plan(
        steps(
            "{traffic: 5, for: 10m, gates: [latency]}",
            "approve: {within: 1h, while_waiting: [latency]}",
            "{traffic: 100, for: 10m, gates: [latency]}",
            gates=GATES.replace("max: 0.05", "max: 0.03"),
        )
    )
    first, approve, _ = by_percentiles(waiting).steps
    assert gates_of(first) == (ThresholdGate("latency", "latency_p99", 0.25),)
    assert gates_of(approve) == ()
