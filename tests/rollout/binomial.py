"""How likely counts are, for tests that sum over every outcome."""

import math
from fractions import Fraction
from typing import TypeVar

Rate = TypeVar("Rate", float, Fraction)


def likely(events: int, of: int, rate: Rate) -> Rate:
    """The probability of so many events of so many requests, each of which is one with probability `rate`."""
    return math.comb(of, events) * rate**events * (1 - rate) ** (of - events)
