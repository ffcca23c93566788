"""What both deployments suffer is told apart by the stable one's requests; verdicts keep their promise."""

import math
from collections.abc import Callable
from itertools import takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azml.rollout.deciding.state import Phase
from azml.rollout.gates import RateGate
from azml.rollout.journals.journal import Extended, Shares
from azml.rollout.judging.looks import Counted, Rates, Tally, added, nothing_yet
from azml.rollout.judging.verdicts import Judgement, Verdict, judge
from azml.rollout.statistics.comparison import Seen
from azml.rollout.statistics.disturbances import SURPRISE, Disturbed
from tests.rollout.binomial import likely
from tests.rollout.plans import plan
from tests.rollout.simulation.candidates import Behaviour
from tests.rollout.stages import Stage

LIMIT = 0.01
ERRORS = RateGate("errors", LIMIT, max_ratio=1.5)
BOTH = Behaviour(own=0.2, stable=0.2, per_second=10.0)
CALM = Behaviour(per_second=10.0)


def tally(*looks: tuple[int, int, int, int], gate: RateGate = ERRORS) -> Tally:
    found = nothing_yet(gate)
    for own, events, other, others_events in looks:
        found = added(found, Counted(Seen(own, events), Seen(other, others_events)))
    return found


def judged(*looks: tuple[int, int, int, int], gate: RateGate = ERRORS) -> Judgement:
    return judge(gate, tally(*looks, gate=gate), at_end=False)


@given(own=st.integers(0, 50), events=st.integers(0, 50), other=st.integers(0, 400), part=st.floats(0, 1))
def test_what_is_left_out_does_not_depend_on_the_candidate(
    own: int, events: int, other: int, part: float
) -> None:
    """The promise rests on it."""
    stable = Seen(other, int(other * part))
    one = Disturbed(LIMIT).with_look(Seen(own, min(own, events)), stable)
    assert one.stable == Disturbed(LIMIT).with_look(Seen(1000, 0), stable).stable


@pytest.mark.parametrize("requests", [18, 180, 450])
def test_a_stable_deployment_at_the_limit_is_seldom_taken_for_disturbed(requests: int) -> None:
    """And at twenty times the limit it mostly is."""

    def taken(rate: float) -> float:
        return math.fsum(
            likely(k, requests, rate)
            for k in range(requests + 1)
            if Disturbed(LIMIT).with_look(Seen(10, 0), Seen(requests, k)).stable.requests
        )

    assert taken(LIMIT) <= SURPRISE and taken(20 * LIMIT) > 0.7


def test_the_fewest_errors_that_disturb_are_those_of_the_binomial_distribution() -> None:
    """Two of 15 have 0.96 % at the limit, two of 16 have 1.09 %."""
    tails = [sum(likely(k, of, LIMIT) for k in range(2, of + 1)) for of in (15, 16)]
    assert tails == pytest.approx([0.0096, 0.0109], abs=5e-5)
    disturbed = [
        bool(Disturbed(LIMIT).with_look(Seen(10, 0), Seen(of, 2)).stable.requests) for of in (15, 16)
    ]
    assert disturbed == [True, False]


def test_a_quarter_of_the_requests_may_be_left_out_and_no_more() -> None:
    left_out = Disturbed(LIMIT, candidate=Seen(25, 5))
    assert left_out.few(Seen(100, 5)) and not left_out.few(Seen(99, 5))


EVERY, LASTS = 30, 3
"""Minutes: a disturbance of three in each half hour."""


def decided(rate: float, minutes: int) -> tuple[float, float]:
    """The probabilities that the candidate ever passes and ever fails, with 20 requests a minute of its own.

    In a disturbance four of 20 are errors. The distribution of the errors outside of it is carried from
    minute to minute, as in `test_evidence`; few errors pass, many fail.
    """
    steps = [(k, part) for k in range(21) if (part := likely(k, 20, rate)) > 1e-12]
    alive, passed, failed, calm = {0: 1.0}, 0.0, 0.0, 0
    for minute in range(1, minutes + 1):
        if (minute - 1) % EVERY >= LASTS:
            calm += 1
            after: dict[int, float] = {}
            for count, weight in alive.items():
                for more, part in steps:
                    after[count + more] = after.get(count + more, 0.0) + weight * part
            alive = {count: weight for count, weight in after.items() if weight > 1e-10}
        counts = sorted(alive)
        passed += sum([alive.pop(count) for count in told(counts, Verdict.PASS, calm, minute - calm)])
        failed += sum([alive.pop(count) for count in told(counts[::-1], Verdict.FAIL, calm, minute - calm)])
    return passed, failed


def told(counts: list[int], verdict: Verdict, calm: int, bad: int) -> list[int]:
    """The first of the counts of errors outside of disturbances for which the verdict falls."""
    disturbed = Disturbed(LIMIT, Seen(20 * bad, 4 * bad), Seen(180 * bad, 36 * bad))

    def falls(count: int) -> bool:
        own = Seen(20 * (calm + bad), count + 4 * bad)
        found = Rates(own, Seen(180 * (calm + bad), 36 * bad), None, disturbed)
        return judge(ERRORS, Tally(found), at_end=False).verdict is verdict

    return list(takewhile(falls, counts))


def test_a_candidate_at_the_limit_is_rarely_stopped_or_passed_however_often_both_are_disturbed() -> None:
    """In 24 hours with a look each minute, less often than the gate's alphas; a better one mostly passes."""
    passed, failed = decided(LIMIT, 1440)
    assert 0.001 < passed < ERRORS.alpha_pass and 0.001 < failed < ERRORS.alpha
    assert decided(0.003, 150)[0] > 0.9


@settings(max_examples=60)
@given(
    calm=st.integers(1, 25),
    disturbed=st.integers(1, 8),
    limit=st.floats(0.01, 0.5),
    calm_rate=st.floats(0, 1),
    disturbed_rate=st.floats(0, 1),
)
def test_the_expected_evidence_of_both_ways_is_at_most_1_for_a_candidate_over_the_limit(
    calm: int, disturbed: int, limit: float, calm_rate: float, disturbed_rate: float
) -> None:
    """By summing over every outcome."""
    rates = [limit + (1 - limit) * one for one in (calm_rate, disturbed_rate)]

    expected = math.fsum(
        likely(k, calm, rates[0])
        * likely(j, disturbed, rates[1])
        * math.exp(Disturbed(limit, Seen(disturbed, j)).evidence_below(Seen(calm + disturbed, k + j)))
        for k in range(calm + 1)
        for j in range(disturbed + 1)
    )
    assert expected <= 1 + 1e-9


def test_a_short_disturbance_leaves_a_good_candidate_to_pass_by_its_other_looks() -> None:
    found = judged((60, 12, 540, 108), *((20, 0, 180, 0),) * 22)
    assert found.verdict is Verdict.PASS
    assert found.why == (
        "errors: 0 of 440 (0.00%) errors, under 1.000%; left out: 60 requests (12 errors) from when the "
        "stable deployment was over it too, with 108 of 540 (20.00%)"
    )
    short = judged((60, 12, 540, 108), *((20, 0, 180, 0),) * 15)
    assert short.verdict is Verdict.INCONCLUSIVE
    assert "0 of 300 (0.00%) errors: not yet clearly over or under 1.000%; left out: 60" in short.why


def test_a_faulty_candidate_fails_by_its_other_looks() -> None:
    found = judged((60, 12, 540, 108), *((20, 4, 180, 40), (20, 4, 180, 1)) * 2)
    assert found.verdict is Verdict.FAIL
    over = judged((60, 12, 540, 108), *((20, 1, 180, 2),) * 10)
    assert over.verdict is Verdict.INCONCLUSIVE and "and the stable deployment has 20 of 1800" in over.why


def test_a_disturbance_of_more_than_a_quarter_of_the_requests_leaves_nothing_out() -> None:
    """It may be the candidate that disturbs both: then a person decides."""
    calm = (20, 0, 180, 0)
    assert judged((140, 0, 540, 108), *(calm,) * 21).verdict is Verdict.PASS
    found = judged((141, 28, 540, 108), *(calm,) * 21)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.why == (
        "errors: 28 of 561 (4.99%) errors, and the stable deployment has 108 of 4320 (2.50%): over 1.000% "
        "too often to tell"
    )


def test_a_candidate_under_the_limit_passes_while_the_stable_deployment_is_over_it() -> None:
    found = judged(*((20, 0, 180, 9),) * 40)
    assert found.verdict is Verdict.PASS and found.why == "errors: 0 of 800 (0.00%) errors, under 1.000%"


@pytest.mark.parametrize(
    "gate", [RateGate("errors", LIMIT), RateGate("errors", LIMIT, max_ratio=1.5, evidence="fixed")]
)
def test_nothing_is_left_out_where_nothing_is_compared_or_one_look_decides(gate: RateGate) -> None:
    found = tally((60, 12, 540, 108), gate=gate).found
    assert isinstance(found, Rates) and found.disturbed is None


def disturbed(minutes: float, first: float = 300.0) -> Stage:
    """A rollout of the preset at 600 requests a minute, with a disturbance of both deployments."""
    stage = Stage(plan("canary"), CALM).begin()

    def becomes(behaviour: Behaviour) -> Callable[[], None]:
        return lambda: setattr(stage, "behaviour", behaviour)

    start = stage.time.now
    stage.at |= {start + first: becomes(BOTH), start + first + 60 * minutes: becomes(CALM)}
    return stage.run()


def test_a_rollout_goes_on_after_three_disturbed_minutes_and_waits_as_long() -> None:
    """Without them, its first step takes 15 minutes."""
    stage = disturbed(3)
    assert stage.state.phase is Phase.SUCCEEDED and not stage.entries(Extended)
    took = next(at for at, shares in stage.endpoint.changes if shares == Shares(50, 50))
    begun = next(at for at, shares in stage.endpoint.changes if shares == Shares(90, 10))
    assert 18 * 60 <= took - begun < 20 * 60


def test_a_rollout_is_paused_after_half_an_hour_of_them() -> None:
    """The step is longer by a quarter of its minutes, is extended twice, and says what is the matter."""
    stage = disturbed(30)
    assert stage.state.phase is Phase.PAUSED and len(stage.entries(Extended)) == 2
    assert "too often to tell" in stage.status.sentence
    assert stage.time.now < 45 * 60
