"""Exact bounds of a rate that is looked at once (Clopper and Pearson, Biometrika 26, 1934)."""

import math
from collections.abc import Callable

PRECISION = 1e-12
CONVERGED = 1e-14
TINY = 1e-300


def lower_bound(events: int, trials: int, confidence: float) -> float:
    """The one-sided lower bound of the rate: the smallest that makes so many events no surprise."""
    if events == 0:
        return 0.0
    # P(X >= events) at the rate p is the incomplete beta function I_p(events, trials - events + 1).
    return _solve(lambda rate: beta(rate, events, trials - events + 1), 1 - confidence)


def upper_bound(events: int, trials: int, confidence: float) -> float:
    """The one-sided upper bound of the rate: the largest that makes so few events no surprise."""
    return 1.0 - lower_bound(trials - events, trials, confidence)


def trials_to_show(rate: float, confidence: float) -> int:
    """How many trials, each a success, make the lower bound of the successes' rate at least `rate`."""
    return math.ceil(math.log(1 - confidence) / math.log(rate) - PRECISION)


def _solve(rising: Callable[[float], float], wanted: float) -> float:
    low, high = 0.0, 1.0
    while high - low > PRECISION:
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < wanted else (low, middle)
    return (low + high) / 2


def beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22)."""
    if x <= 0:
        return 0.0
    if x > (a + 1) / (a + b + 2):
        return 1 - beta(1 - x, b, a)  # the fraction converges fast on one side only
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) / a / _fraction(x, a, b)


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction 1 + d1/(1 + d2/(1 + ...)), by Lentz's method (DLMF 3.10(iii))."""
    value, above, below = 1.0, 1.0, 0.0
    for step in range(1, 2000):
        half = step // 2
        if step % 2:
            term = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            term = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        below = 1 / (1 + term * below or TINY)
        above = 1 + term / above or TINY
        factor = above * below
        value *= factor
        if abs(factor - 1) < CONVERGED:
            break
    return value
