"""What a plan takes is known before it runs, and what it could never finish is said."""

from dataclasses import replace

import pytest

from azml.rollout.planning.explain import explain, fixed_trials
from azml.rollout.planning.lint import proofs
from azml.rollout.planning.reading import gates
from azml.rollout.statistics.evidence import shows_below
from azml.rollout.statistics.intervals import upper_bound
from tests.rollout.plans import plan, steps


def test_the_table_of_the_preset_of_production() -> None:
    found = explain(plan("prod"), 400)
    assert [(row.kind, row.share, row.least / 60) for row in found.rows] == [
        ("smoke", 0, 0),
        ("shadow", 20, 15),
        ("traffic", 5, 10),
        ("traffic", 25, 15),
        ("approve", 25, 0),
        ("traffic", 50, 15),
        ("traffic", 100, 30),
        ("retire", 100, 24 * 60),
    ]
    errors = found.rows[2].needs[0]
    assert (errors.strict, errors.fixed) == (344, 299)
    assert errors.strict_time == pytest.approx(344 / 20 * 60)
    assert errors.fixed_time is None  # 200 requests in 10 minutes
    assert found.rows[2].expected == errors.time == errors.strict_time
    assert found.earliest == pytest.approx((15 + 17.2 + 15 + 15 + 30 + 24 * 60) * 60)
    assert found.latest == (6 + 24 + 24) * 3600
    assert found.instance_hours(2) == pytest.approx((2 * (24 + 92.2 / 60), 2 * 54))


@pytest.mark.parametrize("per_minute", [0, 10])
def test_what_the_traffic_cannot_finish_is_never_done(per_minute: float) -> None:
    found = explain(plan("canary"), per_minute)
    assert found.earliest is None and found.rows[1].expected is None
    assert found.instance_hours(2) == (None, 12)


def test_evidence_looked_at_once_has_to_be_there_at_the_end() -> None:
    text = steps("{traffic: 100, for: 10m, gates: [errors]}", defaults="{evidence: fixed}")
    assert explain(plan(text), 29.8).earliest is None
    assert explain(plan(text), 30).earliest == 600


@pytest.mark.parametrize(("limit", "alpha"), [(0.01, 0.05), (0.05, 0.01), (0.3, 0.05)])
def test_so_many_requests_are_the_fewest_that_pass(limit: float, alpha: float) -> None:
    few = fixed_trials(limit, alpha)
    assert upper_bound(0, few, 1 - alpha) <= limit < upper_bound(0, few - 1, 1 - alpha)
    assert not shows_below(0, few, limit, alpha)


@pytest.mark.parametrize("evidence", ["strict", "fixed"])
def test_every_gate_of_a_plan_can_pass_and_can_fail(evidence: str) -> None:
    text = steps(
        "smoke: [smoke]",
        "{traffic: 100, for: 5m, gates: [errors, latency, p95, agreement]}",
        defaults=f"{{evidence: {evidence}}}",
    )
    every = [proof for gate in gates(plan(text)).values() for proof in proofs(gate)]
    assert len(every) == 10
    assert all(proof.holds for proof in every), [one.found for one in every if not one.holds]


def test_evidence_that_is_in_with_the_last_second_is_in() -> None:
    """299 requests in 10 minutes are as many as `fixed` needs, and 344 are there when the step gives up."""
    gates = "gates:\n  errors: {metric: error_rate, max: 0.01}\n"
    options = "{evidence: fixed, on_inconclusive: {at_most: 0}}"
    once = explain(
        plan(steps("{traffic: 100, for: 10m, gates: [errors]}", gates=gates, defaults=options)), 29.9
    )
    assert once.rows[0].expected == once.earliest == 600
    (need,) = once.rows[0].needs
    assert replace(need, gate=replace(need.gate, evidence="strict"), strict_time=600.0).time == 600
    assert [row.number for row in explain(plan("canary"), 10).rows] == [1, 2, 3, 4]
