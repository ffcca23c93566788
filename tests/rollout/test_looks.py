"""What looks add up to, also where they find nothing out."""

from azml.rollout.gates import RateGate, SmokeGate, ThresholdGate
from azml.rollout.judging.looks import Measured, Missing, Smoked, Tally, Values, added, nothing_yet
from azml.rollout.judging.verdicts import Verdict, judge

P95 = ThresholdGate("p95", "latency_p95", 0.25)


def test_before_the_first_look_no_request_is_wanted_or_answered() -> None:
    found = judge(SmokeGate("smoke", "r"), nothing_yet(SmokeGate("smoke", "r")), at_end=True)
    assert (found.verdict, found.why) == (Verdict.INCONCLUSIVE, "smoke: 0 of 0 requests answered")


def test_a_look_of_another_kind_has_found_nothing_out_and_is_counted() -> None:
    rate = RateGate("errors", 0.01)
    once = added(nothing_yet(rate), Measured((0.1,)))
    twice = added(once, Smoked(0, ()))
    assert (once.failed_looks, twice.failed_looks) == (1, 2)
    assert twice.found == nothing_yet(rate).found and twice.reason == "the answer is of another kind"


def test_looks_that_find_nothing_out_are_counted_until_one_does() -> None:
    missing = added(added(nothing_yet(P95), Missing("503")), Missing("504"))
    assert (missing.failed_looks, missing.reason) == (2, "504")
    assert added(missing, Measured((0.1,))) == Tally(Values((0.1,)))
