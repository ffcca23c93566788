"""What may be the matter with a candidate, and the requests of one simulated minute."""

import math
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import NamedTuple

SPREAD = 10
"""Standard deviations around the mean within which a count is drawn."""


@dataclass(frozen=True)
class Rates:
    """Parts (0 to 1) of a deployment's answers: errors, and answers of more than 250 ms.

    `long` is whether those take a second; otherwise they take 300 ms.
    """

    errors: float = 0.001
    slow: float = 0.01
    long: bool = False


NORMAL = Rates()


@dataclass(frozen=True)
class Fault:
    """One kind of candidate. `differs` is the part of its answers that are not the stable deployment's.

    `outage` is a shared one: from which minute, how many minutes, and the rate of errors on both. `busy` is
    whether there are any requests.
    """

    name: str
    at_fault: bool
    candidate: Rates = NORMAL
    stable: Rates = NORMAL
    differs: float = 0.001
    outage: tuple[int, int, float] | None = None
    busy: bool = True


SHORT, LONG, LATE = (5, 3, 0.2), (5, 30, 0.2), (35, 3, 0.2)
FAULTS = (
    Fault("0.1 % errors on both", False),
    Fault("0.5 % errors on both", False, Rates(0.005), Rates(0.005)),
    Fault("20 % errors on both for 3 minutes", False, outage=SHORT),
    Fault("20 % errors on both for 3 minutes, after 35", False, outage=LATE),
    Fault("20 % errors on both for half an hour", False, outage=LONG),
    Fault("no requests at all", False, busy=False),
    Fault("2 % errors", True, Rates(0.02)),
    Fault("3 % errors", True, Rates(0.03)),
    Fault("5 % errors", True, Rates(0.05)),
    Fault("10 % errors", True, Rates(0.10)),
    Fault("all answers are errors", True, Rates(1.0)),
    Fault("2 % errors, and 20 % on both for half an hour", True, Rates(0.02), outage=LONG),
    Fault("15 % of the answers take a second", True, Rates(slow=0.15, long=True)),
    Fault("3 % of the answers are other ones", True, differs=0.03),
)


class Minute(NamedTuple):
    """What one deployment has answered in a minute."""

    requests: int = 0
    errors: int = 0
    slow: int = 0
    long: int = 0

    def plus(self, other: "Minute") -> "Minute":
        """Both together."""
        return Minute(*(mine + its for mine, its in zip(self, other, strict=True)))

    @property
    def error_rate(self) -> float:
        """The part of the requests that were errors; 0 without requests."""
        return self.errors / self.requests if self.requests else 0.0


class World:
    """An endpoint with `per_minute` requests, of which each deployment gets exactly its share."""

    def __init__(self, fault: Fault, per_minute: int, chance: Random) -> None:
        self.fault = fault
        self.per_minute = per_minute if fault.busy else 0
        self.chance = chance
        self.minutes = 0
        self.spoiled = 0

    def minute(self, share: int) -> tuple[Minute, Minute]:
        """The next minute of the candidate, which has `share` percent, and of the stable deployment."""
        own = round(self.per_minute * share / 100)
        outage = self.fault.outage
        extra = outage[2] if outage and outage[0] <= self.minutes < outage[0] + outage[1] else 0.0
        candidate = self._answered(own, self.fault.candidate, extra)
        stable = self._answered(self.per_minute - own, self.fault.stable, extra)
        self.minutes += 1
        self.spoiled += self._spoiled(candidate)
        return candidate, stable

    def drawn(self, trials: int, rate: float) -> int:
        """How many of the trials it happens in."""
        if rate >= 1 or not trials:
            return trials
        first, sums = _distribution(trials, rate)
        return first + bisect(sums, self.chance.random())

    def _answered(self, requests: int, rates: Rates, extra: float) -> Minute:
        slow = self.drawn(requests, rates.slow)
        errors = self.drawn(requests, rates.errors + extra)
        return Minute(requests, min(errors, requests), slow, slow if rates.long else 0)

    def _spoiled(self, candidate: Minute) -> int:
        """What the fault did to users: errors, waits, or other answers."""
        if self.fault.differs > NORMAL_DIFFERENCE:
            return self.drawn(candidate.requests, self.fault.differs)
        return candidate.long if self.fault.candidate.long else candidate.errors


NORMAL_DIFFERENCE = Fault("", False).differs


@lru_cache(maxsize=4096)
def _distribution(trials: int, rate: float) -> tuple[int, Sequence[float]]:
    """The binomial distribution: its first count that matters, and the running sums from there."""
    middle, spread = trials * rate, SPREAD * math.sqrt(trials * rate * (1 - rate)) + SPREAD
    first, last = max(0, int(middle - spread)), min(trials, int(middle + spread))
    sums, total = [], 0.0
    for count in range(first, last):
        total += math.exp(
            math.lgamma(trials + 1)
            - math.lgamma(count + 1)
            - math.lgamma(trials - count + 1)
            + count * math.log(rate)
            + (trials - count) * math.log1p(-rate)
        )
        sums.append(total)
    return first, sums
