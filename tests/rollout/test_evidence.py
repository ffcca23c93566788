"""The tests of rates keep their promises: computed exactly over simulated hours, not sampled."""

import math
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml.rollout.statistics import evidence
from tests.rollout.binomial import likely

LIMIT = 0.01
PER_MINUTE = 20
Boundary = Callable[[int, int], bool]


def stopped(rate: float, minutes: int, decides: Boundary) -> Iterator[float]:
    """The probability of having decided after each minute of 20 requests, looked at each minute.

    The distribution of the count among the runs that go on is carried from minute to minute, without what is
    less likely than 1e-13.
    """
    one = [likely(k, PER_MINUTE, rate) for k in range(PER_MINUTE + 1)]
    steps = [(k, part) for k, part in enumerate(one) if part > 1e-15]
    alive, gone = {0: 1.0}, 0.0
    for minute in range(1, minutes + 1):
        after: dict[int, float] = {}
        for count, weight in alive.items():
            for more, part in steps:
                after[count + more] = after.get(count + more, 0.0) + weight * part
        alive = {}
        for count, weight in after.items():
            if decides(count, minute * PER_MINUTE):
                gone += weight
            elif weight > 1e-13:
                alive[count] = weight
        yield gone


def too_many(events: int, trials: int) -> bool:
    return evidence.shows_above(events, trials, LIMIT, 0.01)


def few_enough(events: int, trials: int) -> bool:
    return evidence.shows_below(events, trials, LIMIT, 0.05)


def test_a_model_at_the_limit_is_stopped_in_less_than_alpha_of_24_hours() -> None:
    """The figures of docs/rollouts.md: 0.1 % of 15 minutes, 0.2 % of 6 hours, 0.3 % of 24 hours."""
    found = list(stopped(LIMIT, 1440, too_many))
    assert [round(100 * found[minutes - 1], 1) for minutes in (15, 360, 1440)] == [0.1, 0.2, 0.3]


@pytest.mark.parametrize(
    ("rate", "minutes"), [(0.02, 78), (0.03, 22), (0.05, 8), (0.1, 3), (0.2, 1), (1.0, 1)]
)
def test_half_of_the_faulty_are_stopped_in_so_many_minutes(rate: float, minutes: int) -> None:
    found = list(stopped(rate, minutes, too_many))
    assert found[-1] >= 0.5 and (minutes == 1 or found[-2] < 0.5)


def test_a_model_at_the_limit_passes_in_less_than_alpha_and_a_better_one_mostly() -> None:
    at_the_limit, better = list(stopped(LIMIT, 1440, few_enough)), list(stopped(0.003, 120, few_enough))
    assert at_the_limit[-1] < 0.05
    assert better[-1] > 0.9


def test_a_model_without_errors_passes_after_344_requests() -> None:
    assert evidence.clean_trials(LIMIT, 0.05) == 344
    assert not few_enough(0, 343) and few_enough(0, 344)


@given(limit=st.floats(0.0005, 0.9), rate=st.floats(0, 1), trials=st.integers(1, 40), upward=st.booleans())
def test_the_expected_evidence_is_at_most_1_while_the_limit_holds(
    limit: float, rate: float, trials: int, upward: bool
) -> None:
    """What the whole promise rests on, by summing over every outcome."""
    rate = limit * rate if upward else limit + (1 - limit) * rate
    test = evidence.above if upward else evidence.below
    expected = math.fsum(
        likely(k, trials, rate) * math.exp(test(k, trials, limit)) for k in range(trials + 1)
    )
    assert expected <= 1 + 1e-9


@given(trials=st.integers(1, 10**9), part=st.floats(0, 1), limit=st.floats(1e-6, 0.999))
def test_no_count_is_too_large_for_it(trials: int, part: float, limit: float) -> None:
    events = int(trials * part)
    both = evidence.above(events, trials, limit), evidence.below(events, trials, limit)
    assert all(math.isfinite(one) for one in both)
    assert not all(evidence.reached(one, 0.05) for one in both)


@pytest.mark.parametrize("limit", [0.3, 0.1, 0.05, 0.02, 0.01, 0.003])
def test_clean_trials_are_as_few_as_decide(limit: float) -> None:
    enough = evidence.clean_trials(limit, 0.05)
    shown = [evidence.reached(evidence.below(0, trials, limit), 0.05) for trials in (enough - 1, enough)]
    assert shown == [False, True]


@pytest.mark.parametrize(("events", "trials"), [(3, 10), (8, 10), (40, 60), (12, 100)])
def test_what_is_shown_is_evidence_that_decides(events: int, trials: int) -> None:
    found = evidence.above(events, trials, 0.1)
    assert evidence.shows_above(events, trials, 0.1, 0.01) == evidence.reached(found, 0.01)
    assert found < events * math.log(10.0)
    assert evidence.reached(-math.log(0.01), 0.01)


@pytest.mark.parametrize("events", [0, 1, 3])
def test_a_rate_below_a_limit_is_shown_with_the_first_trial_that_shows_it(events: int) -> None:
    shown = [evidence.shows_below(events, trials, LIMIT, 0.05) for trials in range(200, 1500)]
    exact = [evidence.reached(evidence.below(events, trials, LIMIT), 0.05) for trials in range(200, 1500)]
    assert shown == exact and not shown[0] and shown[-1]


def test_evidence_that_is_just_enough_is_enough() -> None:
    enough = -math.log(0.05)
    assert evidence.reached_by([enough], 0.05) and evidence.reached_by([enough, enough], 0.05)
    assert not evidence.reached_by([enough, enough - 1e-9], 0.05)
