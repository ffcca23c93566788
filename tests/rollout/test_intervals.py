"""Clopper-Pearson bounds are the published ones, and those of exact sums."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml.rollout.statistics.intervals import beta, lower_bound, trials_to_show, upper_bound
from tests.rollout.binomial import likely


@pytest.mark.parametrize(
    ("events", "trials", "low", "high"),
    [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0.0, 0.1684), (1, 29, 0.0009, 0.1776)],
)
def test_the_published_intervals(events: int, trials: int, low: float, high: float) -> None:
    """Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 5."""
    assert round(lower_bound(events, trials, 0.975), 4) == low
    assert round(upper_bound(events, trials, 0.975), 4) == high


@given(trials=st.integers(1, 60), part=st.floats(0, 1), rate=st.integers(0, 100))
def test_the_beta_function_is_the_binomial_sum(trials: int, part: float, rate: int) -> None:
    events = max(1, int(part * trials))
    exact = Fraction(rate, 100)
    tail = sum(likely(k, trials, exact) for k in range(events, trials + 1))
    assert beta(rate / 100, events, trials - events + 1) == pytest.approx(float(tail), abs=1e-12)


@given(trials=st.integers(1, 100_000), part=st.floats(0, 1), confidence=st.floats(0.8, 0.999))
def test_the_bounds_are_around_the_rate(trials: int, part: float, confidence: float) -> None:
    events = int(part * trials)
    low, high = lower_bound(events, trials, confidence), upper_bound(events, trials, confidence)
    assert 0 <= low <= events / trials <= high <= 1


def test_a_rate_that_a_number_of_trials_shows_exactly_takes_so_many() -> None:
    """Two successes of two show a half with 75 %, to the last digit."""
    assert trials_to_show(0.5, 0.75) == 2


def test_how_many_it_takes_to_show_a_rate() -> None:
    assert trials_to_show(0.98, 0.95) == 149
    assert lower_bound(148, 148, 0.95) < 0.98 <= lower_bound(149, 149, 0.95)
