"""Each kind of gate gives each of the verdicts that it can, and for the reason it says."""

import pytest

from azml.rollout.gates import AgreementGate, Field, RateGate, SmokeGate, ThresholdGate
from azml.rollout.judging.looks import (
    Answer,
    Counted,
    Look,
    Matches,
    Measured,
    Missing,
    Rates,
    Replayed,
    Smoked,
    added,
    nothing_yet,
)
from azml.rollout.judging.verdicts import Judgement, Verdict, judge, worst
from azml.rollout.statistics import intervals
from azml.rollout.statistics.comparison import Seen, allowed_part

ERRORS = RateGate("errors", 0.01, max_ratio=1.5)
ALONE = RateGate("errors", 0.01)
FIXED = RateGate("errors", 0.01, max_ratio=1.5, evidence="fixed")
SLOW = RateGate("latency", 0.05, slower_than=0.25)
P95 = ThresholdGate("latency", "latency_p95", 0.25)
LABELS = AgreementGate("agreement", "requests.jsonl", 500, (Field("$[*]", 0.97), Field("$.score", 0.5)))
SMOKE = SmokeGate("smoke", "requests/*.json", within=1.0)


def verdict(gate: object, *looks: Look, at_end: bool = True) -> Judgement:
    tally = nothing_yet(gate)  # type: ignore[arg-type]
    for look in looks:
        tally = added(tally, look)
    return judge(gate, tally, at_end=at_end)  # type: ignore[arg-type]


def counted(requests: int, events: int, stable: int = 0, stable_events: int = 0) -> Counted:
    return Counted(Seen(requests, events), Seen(stable, stable_events))


@pytest.mark.parametrize(
    ("gate", "look", "expected"),
    [
        (ERRORS, counted(400, 0, 7600, 10), "pass"),
        (ERRORS, counted(400, 40, 7600, 20), "fail"),
        (ERRORS, counted(100, 1, 1900, 10), "inconclusive"),
        (ERRORS, counted(0, 0, 1900, 10), "inconclusive"),
        (ALONE, counted(400, 40), "fail"),
        (ALONE, counted(344, 0), "pass"),
        (ALONE, counted(343, 0), "inconclusive"),
        (FIXED, counted(400, 0, 7600, 10), "pass"),
        (FIXED, counted(400, 40, 7600, 20), "fail"),
        (FIXED, counted(400, 40), "fail"),
        (FIXED, counted(298, 0), "inconclusive"),
        (FIXED, counted(299, 0), "pass"),
        (FIXED, counted(0, 0), "inconclusive"),
        (SLOW, counted(400, 90), "fail"),
        (SLOW, counted(400, 2), "pass"),
        (P95, Measured((0.2, 0.2, 0.9)), "pass"),
        (P95, Measured((0.2, 0.3, 0.9)), "fail"),
        (P95, Measured(()), "inconclusive"),
        (LABELS, Replayed({"$[*]": Matches(500, 495), "$.score": Matches(500, 500)}), "pass"),
        (LABELS, Replayed({"$[*]": Matches(500, 485), "$.score": Matches(500, 500)}), "fail"),
        (LABELS, Replayed({"$[*]": Matches(499, 499), "$.score": Matches(500, 500)}), "inconclusive"),
        (LABELS, Replayed({"$[*]": Matches(500, 495)}), "inconclusive"),
        (LABELS, Replayed({"$[*]": Matches(500, 495, 5), "$.score": Matches(500, 0)}), "error"),
        (SMOKE, Smoked(2, (Answer(200, 0.1), Answer(200, 1.0))), "pass"),
        (SMOKE, Smoked(2, (Answer(200, 0.1),)), "inconclusive"),
        (SMOKE, Smoked(0, ()), "inconclusive"),
        (SMOKE, Smoked(3, (Answer(500, 0.1),)), "fail"),
        (SMOKE, Smoked(3, (Answer(None, 0.1),)), "fail"),
        (SMOKE, Smoked(3, (Answer(200, 1.1),)), "fail"),
        *[(gate, Missing("503"), "error") for gate in (ERRORS, FIXED, P95, LABELS, SMOKE)],
    ],
)
def test_the_verdict_of_a_look(gate: object, look: Look, expected: str) -> None:
    found = verdict(gate, look)
    assert found.verdict == expected, found.why


def test_one_look_at_the_end_decides_nothing_before_it() -> None:
    for gate, look in ((FIXED, counted(400, 400)), (P95, Measured((9.0,)))):
        assert verdict(gate, look, at_end=False).verdict is Verdict.INCONCLUSIVE


def test_old_errors_of_stable_stop_no_better_candidate() -> None:
    """Stable at 5 % errors, the candidate at 0.3 %: it goes on."""
    assert verdict(ERRORS, counted(1500, 4, 28500, 1425)).verdict is Verdict.PASS


def test_a_shared_outage_is_nobodys_fault() -> None:
    found = verdict(ERRORS, counted(200, 40, 3800, 760))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "40 of 200 (20.00%) errors" in found.why and "the stable deployment has 760 of 3800" in found.why


def test_a_worse_candidate_fails_though_it_keeps_the_limit() -> None:
    found = verdict(RateGate("errors", 0.1, max_ratio=1.5), counted(1000, 30, 19000, 57))
    assert found.verdict is Verdict.FAIL and "more than 1.5 times as many" in found.why
    fixed = RateGate("errors", 0.1, max_ratio=1.5, evidence="fixed")
    assert verdict(fixed, counted(1000, 30, 19000, 57)).verdict is Verdict.FAIL


def test_looks_add_up_and_an_answer_ends_a_row_of_failed_looks() -> None:
    gone = Missing("no answer")
    tally = added(added(added(nothing_yet(ERRORS), counted(200, 1, 10, 2)), gone), gone)
    assert judge(ERRORS, tally, at_end=False).why == "errors: no answer (2 times in a row)"
    after = added(tally, counted(200, 1))
    assert isinstance(after.found, Rates) and after.failed_looks == 0
    assert (after.found.candidate, after.found.stable) == (Seen(400, 2), Seen(10, 2))


def test_a_look_of_another_kind_finds_nothing_out() -> None:
    assert verdict(ERRORS, Measured((1.0,))).verdict is Verdict.ERROR
    assert judge(ERRORS, nothing_yet(P95), at_end=True).verdict is Verdict.ERROR


def test_a_failure_decides_before_what_is_not_known() -> None:
    def of(*verdicts: Verdict) -> Verdict:
        return worst(tuple(Judgement(one, "it") for one in verdicts)).verdict

    assert of(Verdict.PASS, Verdict.ERROR, Verdict.FAIL, Verdict.INCONCLUSIVE) is Verdict.FAIL
    assert of(Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.ERROR) is Verdict.ERROR
    assert of(Verdict.PASS, Verdict.INCONCLUSIVE) is Verdict.INCONCLUSIVE


def test_what_is_exactly_at_its_limit_is_not_over_it() -> None:
    """One look at the end: the limit is the very bound of what was seen."""
    low, high = intervals.lower_bound(30, 1000, 0.99), intervals.upper_bound(0, 300, 0.95)
    assert verdict(RateGate("g", low, evidence="fixed"), counted(1000, 30)).verdict == "inconclusive"
    assert verdict(RateGate("g", high, evidence="fixed"), counted(300, 0)).verdict == "pass"
    ratio = 1.6682407458878896
    assert allowed_part(200, 800, ratio) == intervals.lower_bound(5, 6, 0.99)
    assert (
        verdict(RateGate("g", 0.5, max_ratio=ratio, evidence="fixed"), counted(200, 5, 800, 1)).verdict
        == "pass"
    )
    assert verdict(ThresholdGate("p", "latency_p95", 0.25), Measured((0.2, 0.25, 0.3))).verdict == "pass"
    agreed = intervals.lower_bound(498, 500, 0.95)
    labels = AgreementGate("a", "r", 500, (Field("$", agreed),))
    assert verdict(labels, Replayed({"$": Matches(500, 498)})).verdict == "pass"


def test_a_stable_deployment_at_its_limit_excuses_nobody() -> None:
    assert verdict(ERRORS, counted(400, 40, 400, 4)).verdict == "fail"
    over = RateGate("errors", 0.01, max_ratio=100.0)
    assert verdict(over, counted(400, 40, 400, 4)).verdict == "fail"
    assert verdict(over, counted(400, 40, 400, 5)).verdict == "inconclusive"


def test_where_no_answer_was_compared_it_says_so() -> None:
    labels = AgreementGate("a", "r", 500, (Field("$", 0.9),))
    for fields in ({}, {"$": Matches(0, 0)}):
        found = verdict(labels, Replayed(fields))
        assert (found.verdict, found.why) == ("inconclusive", "a: $: no answers compared")
