"""Intervals that hold at every look are the rates that the tests have not refuted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml.rollout.statistics.comparison import Seen
from azml.rollout.statistics.evidence import shows_above, shows_below
from azml.rollout.statistics.sequences import difference, interval

SEEN = st.builds(
    lambda requests, part: Seen(requests, int(requests * part)), st.integers(1, 100_000), st.floats(0, 1)
)


@given(seen=SEEN, rate=st.floats(1e-6, 1 - 1e-6))
def test_a_rate_is_outside_exactly_where_it_is_refuted(seen: Seen, rate: float) -> None:
    low, high = interval(seen, 0.1)
    assert 0 <= low <= seen.rate <= high <= 1
    refuted = shows_above(seen.events, seen.requests, rate, 0.05) or shows_below(
        seen.events, seen.requests, rate, 0.05
    )
    # At the ends themselves the halvings stop.
    assert refuted == (not low - 1e-6 <= rate <= high + 1e-6) or min(abs(rate - low), abs(rate - high)) < 1e-6


def test_a_test_refutes_a_limit_exactly_when_the_interval_has_left_it() -> None:
    """The 344 requests without an error that let a gate pass under 1 % with an alpha of 5 %."""
    assert interval(Seen(343, 0), 0.1).high > 0.01 > interval(Seen(344, 0), 0.1).high


@pytest.mark.parametrize("alpha", [0.1, 0.02])
def test_each_end_is_where_the_test_with_half_of_alpha_begins_to_refute(alpha: float) -> None:
    low, high = interval(Seen(1000, 30), alpha)
    assert shows_above(30, 1000, low - 1e-6, alpha / 2) and not shows_above(30, 1000, low + 1e-6, alpha / 2)
    assert shows_below(30, 1000, high + 1e-6, alpha / 2) and not shows_below(30, 1000, high - 1e-6, alpha / 2)


def test_a_difference_lies_between_the_ends_of_both_rates_with_half_of_alpha_each() -> None:
    candidate, stable = Seen(2000, 100), Seen(500, 40)
    own, other = interval(candidate, 0.05), interval(stable, 0.05)
    assert difference(candidate, stable, 0.1) == (own.low - other.high, own.high - other.low)


def test_without_requests_nothing_is_known() -> None:
    assert interval(Seen()) == (0.0, 1.0)
    assert difference(Seen(), Seen()) == (-1.0, 1.0)


def test_a_difference_is_known_less_well_than_either_rate() -> None:
    low, high = difference(Seen(2000, 100), Seen(2000, 10))
    assert 0 < low < 0.045 < high < 0.1
