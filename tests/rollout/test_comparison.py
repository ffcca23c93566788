"""Candidate and stable are compared by their parts of the events."""

import math
import random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml.rollout.statistics.comparison import Comparison, Seen, allowed_part
from tests.rollout.binomial import likely


def events(chance: random.Random, requests: int, rate: float) -> int:
    """How many of the requests are events, by the gaps between them."""
    count, place = 0, 0
    while True:
        place += 1 + int(math.log(1 - chance.random()) / math.log1p(-rate))
        if place > requests:
            return count
        count += 1


def minutes_to_stop(chance: random.Random, candidate: float, stable: float, most: int) -> int | None:
    """The minute in which 20 of 400 requests are known to be worse; None within `most` minutes."""
    found = Comparison(1.5)
    for minute in range(1, most + 1):
        found = found.with_interval(
            Seen(20, events(chance, 20, candidate)), Seen(380, events(chance, 380, stable))
        )
        if found.shows(0.01):
            return minute
    return None


def test_ten_times_the_errors_are_found_in_about_11_minutes() -> None:
    chance = random.Random(12)
    times = [minutes_to_stop(chance, 0.03, 0.003, 300) or 300 for _ in range(200)]
    assert 9 <= median(times) <= 13


def test_an_outage_of_what_both_depend_on_stops_nobody() -> None:
    chance = random.Random(5)
    stops = [minutes_to_stop(chance, 0.2, 0.2, 60) for _ in range(60)]
    assert stops == [None] * 60


@given(
    candidate=st.integers(1, 500),
    stable=st.integers(1, 500),
    total=st.integers(1, 30),
    max_ratio=st.floats(1, 4),
    below=st.floats(0.01, 1),
)
def test_the_expected_evidence_is_at_most_1_while_the_ratio_is_allowed(
    candidate: int, stable: int, total: int, max_ratio: float, below: float
) -> None:
    part = allowed_part(candidate, stable, max_ratio * below)
    expected = math.fsum(
        likely(k, total, part)
        * math.exp(Comparison(max_ratio).with_interval(Seen(candidate, k), Seen(stable, total - k)).evidence)
        for k in range(total + 1)
    )
    assert expected <= 1 + 1e-9


def test_an_interval_without_requests_of_one_compares_nothing() -> None:
    start = Comparison(1.5)
    assert start.with_interval(Seen(0, 0), Seen(400, 40)) == start
    assert start.with_interval(Seen(400, 40), Seen(0, 0)) == start
    assert start.with_interval(Seen(20, 0), Seen(380, 0)) == start
    assert Seen(0, 0).rate == 0 and Seen(10, 1).plus(Seen(10, 3)).rate == 0.2


def test_the_allowed_part_is_the_share_of_the_requests_times_the_ratio() -> None:
    assert allowed_part(100, 300, 1.5) == pytest.approx(1 / 3)
    assert allowed_part(100, 100, 1.0) == pytest.approx(1 / 2)
