"""What a plan says is read into records, and all that is wrong with it is told at once, at its place."""

from pathlib import Path

import pytest

from azml.rollout.gates import AgreementGate, Field, RateGate, SmokeGate, ThresholdGate
from azml.rollout.plan import (
    ApproveStep,
    Notice,
    Plan,
    RetireStep,
    ShadowStep,
    SmokeStep,
    TrafficStep,
    shares,
)
from azml.rollout.planning.checks import problems
from azml.rollout.planning.presets import PRESETS
from azml.rollout.planning.reading import gates
from tests.rollout.plans import plan, read, steps

FIVE, QUARTER = (f"{{traffic: {share}, for: 1m, gates: [errors]}}" for share in (5, 25))
FULL = "{traffic: 100, for: 30m, gates: [errors]}"
DESIGN = """\
defaults: {interval: 30s, evidence: fixed, on_fail: pause, deadline: 5h,
           on_inconclusive: {extend: 5m, at_most: 3, then: rollback}, on_error: {tolerate: 2, then: pause}}
gates:
  errors: {metric: error_rate, count: [408, 424, 429, 5xx], max: 0.02, alpha: 0.02, evidence: strict}
  latency: {slower_than: 250ms, max: 0.05, against_stable: {max_ratio: 1.5}}
  p95: {metric: latency_p95, max: 1s}
  agreement: {compare: replay, requests: requests.jsonl, sample: 500, keep_mismatches: 20,
              fields: [{path: "$[*]", equal: exact, at_least: 0.98},
                       {path: $.p, equal: within, tolerance: 0.1, at_least: 0.9}]}
  smoke: {requests: "requests/*.json", expect: {status: 201, within: 1s}}
steps:
  - smoke: [smoke]
  - {shadow: 20, for: 15m, gates: [errors, latency, agreement]}
  - {traffic: 5, for: 10m, gates: [errors, p95]}
  - approve: {within: 24h, otherwise: pause, while_waiting: [errors]}
  - {traffic: 100, for: 30m, gates: [errors]}
  - retire: {after: 1d}
rollback: {verify_within: 90s}
resume: {stale_after: 20m, plan_changed: carry_on}
notify: [{on: [paused, rolled_back], webhook: chat}, {"on": [stuck], webhook: pager}]
"""


def test_every_key_becomes_a_field() -> None:
    errors = RateGate("errors", 0.02, alpha=0.02)
    latency = RateGate("latency", 0.05, max_ratio=1.5, slower_than=0.25, evidence="fixed")
    fields = (Field("$[*]", 0.98), Field("$.p", 0.9, "within", 0.1))
    agreement = AgreementGate("agreement", "requests.jsonl", 500, fields, 20)
    assert plan(DESIGN) == Plan(
        (
            SmokeStep((SmokeGate("smoke", "requests/*.json", 201, 1.0),)),
            ShadowStep(20, 900.0, (errors, latency, agreement)),
            TrafficStep(5, 600.0, (errors, ThresholdGate("p95", "latency_p95", 1.0))),
            ApproveStep(86400.0, "pause", (errors,)),
            TrafficStep(100, 1800.0, (errors,)),
            RetireStep(86400.0),
        ),
        interval=30.0,
        on_fail="pause",
        extend=300.0,
        at_most=3,
        tolerate=2,
        deadline=5 * 3600.0,
        verify_within=90.0,
        stale_after=1200.0,
        then="rollback",
        plan_changed="carry_on",
        notify=(Notice(("paused", "rolled_back"), "chat"), Notice(("stuck",), "pager")),
    )


@pytest.mark.parametrize(("name", "rising"), [("dev", [0, 100]), ("canary", [0, 10, 50, 100])])
def test_a_preset_is_the_plan_it_expands_to(name: str, rising: list[int]) -> None:
    assert list(shares(plan(name))) == rising
    assert plan(f"preset: {name}") == plan(name)


def test_the_preset_of_production_is_whole_and_can_be_adapted() -> None:
    found = plan("prod")
    assert list(shares(found)) == [0, 0, 5, 25, 25, 50, 100, 100]
    own = plan("{preset: prod, gates: {errors: {metric: error_rate, max: 0.002}}, defaults: {interval: 2m}}")
    assert own.interval == 120 and gates(own)["errors"] == RateGate("errors", 0.002)
    assert gates(own)["latency"] == gates(found)["latency"]
    short = plan("{preset: prod, steps: [{smoke: [smoke]}, {traffic: 100, for: 5m, gates: [errors]}]}")
    assert set(gates(short)) == {"smoke", "errors"}
    assert set(PRESETS) == {"dev", "canary", "prod"}


def test_a_plan_may_stand_in_a_file_below_the_endpoints_folder(tmp_path: Path) -> None:
    (tmp_path / "requests").mkdir()
    (tmp_path / "requests" / "one.json").write_text("[1]")
    (tmp_path / "plan.yml").write_text("preset: dev\ndefaults: {interval: soon}\n")
    _, findings = read("plan.yml", tmp_path)
    assert [str(one) for one in findings] == [
        f"{tmp_path}/plan.yml:2: defaults.interval: 'soon' is not a time; write one as 250ms, 30s, 15m, 24h"
    ]
    for outside in ("../plan.yml", "/plan.yml"):
        assert "leads out of" in read(outside, tmp_path)[1][0].message
    assert "cannot be read" in read("none.yml", tmp_path)[1][0].message


@pytest.mark.parametrize(
    ("lines", "key", "says"),
    [
        ([QUARTER, FIVE, FULL], "steps[1]", "from 25 to 5"),
        (["{traffic: 100, for: 1m, gates: [errors]}", FULL], "steps[1]", "from 100 to 100"),
        (["{traffic: 50, for: 1m, gates: [errors]}"], None, "its last share is 50 percent"),
        ([FIVE, "{shadow: 5, for: 1m, gates: [errors]}", FULL], "steps[1]", "after"),
        ([FULL, "smoke: [smoke]"], "steps[1]", "smoke comes after another step"),
        (["retire: {after: 1h}", FULL], "steps[0]", "retire comes before another step"),
        (["smoke: []", FULL], "steps[0]", "sends nothing"),
        (["smoke: [errors]", FULL], "steps[0]", "needs traffic"),
        (["{traffic: 100, for: 30m, gates: [smoke]}"], "steps[0]", "has a smoke gate"),
        (["{shadow: 5, for: 1m}", FULL], "steps[0]", "has no gate"),
        (["{shadow: 60, for: 1m, gates: [errors]}", FULL], "steps[0].shadow", "60 is out of range"),
        (["{traffic: 125, for: 1m, gates: [errors]}", FULL], "steps[0].traffic", "125 is out of range"),
        (["{traffic: -25, for: 1m, gates: [errors]}", FULL], "steps[0].traffic", "-25 is out of range"),
        (["{traffic: 5, gates: [errors]}", FULL], "steps[0].for", "is missing"),
        (["{traffic: 5, for: 1m, gates: [error]}", FULL], "steps[0].gates[0]", "did you mean 'errors'"),
        (["{trafic: 5}", FULL], "steps[0]", "is not a step"),
        (["approve: {within: 1h, while_waiting: [p95]}", FULL], "steps[0]", "judged only once"),
        ([FULL, "approve: {within: 1h}"], "steps[1]", "has all the traffic"),
        (["approve: {}", FULL], "steps[0].approve.within", "is missing"),
        (["approve: 3", FULL], "steps[0].approve", "is not a mapping"),
        ([FULL, "retire: {}"], "steps[1].retire.after", "is missing"),
        ([FULL, "retire: 3"], "steps[1].retire", "is not a mapping"),
        (["3", FULL], "steps[0]", "is not a mapping"),
        (["{traffic: 5, for: 7h, gates: [errors]}", FULL], None, "its deadline is 360"),
    ],
)  # fmt: skip
def test_a_step_that_cannot_be_taken(lines: list[str], key: str | None, says: str) -> None:
    found, findings = read(steps(*lines))
    assert found is None
    assert [one.key for one in findings] == [key], [str(one) for one in findings]
    assert says in str(findings[0])


def test_a_shadow_step_on_kubernetes() -> None:
    text = steps("{shadow: 5, for: 1m, gates: [errors]}", FULL)
    assert read(text)[0] is not None
    assert "only managed endpoints can mirror" in str(read(text, kind="kubernetes")[1][0])


def test_traffic_without_a_gate_is_refused_where_the_endpoint_is_protected() -> None:
    assert read("dev")[0] is not None
    assert "moves traffic without a gate" in str(read("dev", protect=True)[1][0])
    assert read("prod", protect=True)[0] is not None


def test_everything_wrong_is_told_at_once() -> None:
    text = """\
notify: [{on: [pausd], webhook: "https://example.com/token"}, {on: [], webhook: chat}, 3]
gates:
  errors: {metric: errorrate, max: 0.01}
  spare: {metric: error_rate, max: 0.01}
steps:
  - {traffic: 5, for: soon, gates: [errors, missing]}
  - {trafic: 100}
"""
    found, findings = read(text)
    assert found is None
    assert sorted((one.line, one.key) for one in findings) == [
        (1, "notify[0].on[0]"),
        (1, "notify[0].webhook"),
        (1, "notify[1].on"),
        (1, "notify[2]"),
        (3, "gates.errors.metric"),
        (4, "gates.spare"),
        (6, "steps[0].for"),
        (6, "steps[0].gates[1]"),
        (7, "steps[1]"),
    ]


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        ("more: 1", "more", "is not a known key"),
        ("defaults: {more: 1}", "defaults.more", "is not a known key"),
        ("defaults: {on_inconclusive: {more: 1}}", "defaults.on_inconclusive.more", "is not a known key"),
        ("defaults: {on_inconclusive: {at_most: 101}}", "defaults.on_inconclusive.at_most", "range"),
        ("defaults: {on_error: {more: 1}}", "defaults.on_error.more", "is not a known key"),
        ("defaults: {on_error: {tolerate: 1001}}", "defaults.on_error.tolerate", "range"),
        ("rollback: {more: 1}", "rollback.more", "is not a known key"),
        ("resume: {more: 1}", "resume.more", "is not a known key"),
        ("notify: [{'on': [paused], webhook: chat, more: 1}]", "notify[0].more", "is not a known key"),
        ("notify: [{on: paused, webhook: chat}]", "notify[0].on", "is text, not a list"),
        ("notify: [{webhook: chat}]", "notify[0].on", "is missing"),
        ("notify: [{on: [paused]}]", "notify[0].webhook", "is missing"),
        ("steps: [{traffic: 100, more: 1}]", "steps[0].more", "is not a known key"),
        (
            "steps: [{approve: {within: 1h, more: 1}}, {traffic: 100}]",
            "steps[0].approve.more",
            "is not a known key",
        ),
        (
            "steps: [{traffic: 100}, {retire: {after: 1h, more: 1}}]",
            "steps[1].retire.more",
            "is not a known key",
        ),
        ("steps: [{traffic: 100, for: 1m, gates: [errors]}]", "steps[0].gates[0]", "write it below gates:"),
    ],
)
def test_what_a_plan_says_beside_its_gates_is_read_as_closely(line: str, key: str, says: str) -> None:
    text = line if line.startswith("steps") else f"{line}\nsteps: [{{traffic: 100}}]"
    found, findings = read(text)
    assert found is None
    assert [one.key for one in findings] == [key], [str(one) for one in findings]
    assert says in str(findings[0])


def test_gates_that_no_step_names_are_told_in_their_order() -> None:
    lines = "".join(f"  g{number}: {{metric: error_rate, max: 0.1}}\n" for number in range(9))
    _, findings = read(f"gates:\n{lines}steps: [{{traffic: 100}}]")
    assert [one.key for one in findings] == [f"gates.g{number}" for number in range(9)]


@pytest.mark.parametrize(
    ("defaults", "wanted"),
    [
        ("{}", (600.0, 2, 4)),
        ("{on_inconclusive: {extend: 5m}, on_error: {then: pause}}", (300.0, 2, 4)),
        ("{on_inconclusive: {at_most: 0}, on_error: {tolerate: 0}}", (600.0, 0, 0)),
        ("{on_inconclusive: {at_most: 100}, on_error: {tolerate: 1000}}", (600.0, 100, 1000)),
    ],
)
def test_how_often_it_is_extended_and_what_is_tolerated(
    defaults: str, wanted: tuple[float, int, int]
) -> None:
    found = plan(f"defaults: {defaults}\nsteps: [{{traffic: 1}}, {{traffic: 100}}]")
    assert (found.extend, found.at_most, found.tolerate) == wanted


@pytest.mark.parametrize("text", ["production", "{preset: production}", "{preset: 3}"])
def test_a_preset_that_is_none(text: str) -> None:
    assert "is not a preset" in str(read(text)[1][0])


@pytest.mark.parametrize("text", ["{}", "steps: []", "[1]", "{steps: 3}"])
def test_a_plan_that_is_none(text: str) -> None:
    found, findings = read(text)
    assert (found, len(findings)) == (None, 1)


def test_looks_that_are_farther_apart_than_a_gap_repeat_a_step_for_ever() -> None:
    text = steps("{traffic: 100, for: 20m, gates: [errors]}", defaults="{interval: 10m}")
    _, findings = read(text + "\nresume: {stale_after: 15m}")
    assert "a gap of 900 seconds repeats a step, and looks are 600 apart" in str(findings[0])


def test_a_plan_at_its_limits_has_no_problem() -> None:
    at_limits = Plan(
        (TrafficStep(1, 60.0, ()), TrafficStep(100, 60.0, ())), stale_after=120.0, deadline=120.0
    )
    assert list(problems(at_limits, "managed", protect=False)) == []
