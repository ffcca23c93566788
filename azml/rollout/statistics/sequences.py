"""Intervals of a rate that hold at every look, from the tests of `azml.rollout.statistics.evidence`.

An interval has every rate that the test has not refuted. The true rate is refuted, ever, with a probability
of alpha at most, so that all intervals of a run have it together, but for that (Howard, Ramdas, McAuliffe and
Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of Statistics, 2021).
"""

from collections.abc import Callable
from typing import NamedTuple

from azml.rollout.statistics.comparison import Seen
from azml.rollout.statistics.evidence import shows_above, shows_below

ALPHA = 0.05
"""Of the intervals that are shown."""
HALVINGS = 25
SMALLEST, LARGEST = 1e-7, 1 - 1e-7


class Interval(NamedTuple):
    """Rates from `low` to `high`, or differences of two."""

    low: float
    high: float


def interval(seen: Seen, alpha: float = ALPHA) -> Interval:
    """The rates (0 to 1) that are not refuted; without requests none is."""
    low = _refuted(0.0, seen.rate, lambda limit: shows_above(seen.events, seen.requests, limit, alpha / 2))
    high = _refuted(1.0, seen.rate, lambda limit: shows_below(seen.events, seen.requests, limit, alpha / 2))
    return Interval(low, high)


def difference(candidate: Seen, stable: Seen, alpha: float = ALPHA) -> Interval:
    """The candidate's rate minus the stable deployment's: both intervals at half of alpha hold together."""
    own, other = interval(candidate, alpha / 2), interval(stable, alpha / 2)
    return Interval(own.low - other.high, own.high - other.low)


def _refuted(outer: float, inner: float, refutes: Callable[[float], bool]) -> float:
    """Between an extreme and what was seen, where rates cease to be refuted."""
    if not refutes(min(max(outer, SMALLEST), LARGEST)):
        return outer
    for _ in range(HALVINGS):
        middle = (outer + inner) / 2
        outer, inner = (middle, inner) if refutes(middle) else (outer, middle)
    return outer
