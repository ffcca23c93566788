"""One cell of the tables: one rule, one kind of candidate, one rate of traffic, many rollouts."""

from bisect import bisect_left
from dataclasses import dataclass
from random import Random
from statistics import median

from azml.rollout.gates import CONFIDENCE
from azml.rollout.statistics import intervals
from benchmarks.reliability.faults import FAULTS, Fault, World
from benchmarks.reliability.rules import Ending, Rule

SEED = 12
ROLLOUTS = 1000
"""Simulated for each cell."""
TRAFFIC = (20, 200, 2000)
"""Requests a minute of the endpoint."""


@dataclass(frozen=True)
class Cell:
    """How so many rollouts ended.

    `minutes` and `spoiled` are the medians of those that were not promoted, `good_minutes` that of those that
    were; None where there were none.
    """

    promoted: int
    rolled_back: int
    paused: int
    minutes: float | None
    spoiled: float | None
    good_minutes: float | None


def cell(name: str, rule: Rule, fault: Fault, per_minute: int, rollouts: int = ROLLOUTS) -> Cell:
    """Simulate. Each cell has a generator of its own, so that it can be computed without the others."""
    chance = Random(f"{SEED} {name} {fault.name} {per_minute}")
    ended = [rule(World(fault, per_minute, chance)) for _ in range(rollouts)]
    counts: dict[Ending, int] = {"promoted": 0, "rolled back": 0, "paused": 0}
    for one in ended:
        counts[one.ending] += 1
    stopped = [one for one in ended if one.ending != "promoted"]
    good = [one for one in ended if one.ending == "promoted"]
    return Cell(
        counts["promoted"],
        counts["rolled back"],
        counts["paused"],
        median(one.minutes for one in stopped) if stopped else None,
        median(one.spoiled for one in stopped) if stopped else None,
        median(one.minutes for one in good) if good else None,
    )


def withdrawn(agreement: float, sample: int, at_least: float) -> float:
    """The probability that a candidate that agrees in this part of its answers fails an agreement gate.

    Exact: the lower bound rises with the count, so that the gate fails below one count.
    """
    enough = bisect_left(
        range(sample), at_least, key=lambda count: intervals.lower_bound(count, sample, CONFIDENCE)
    )
    # P(X < enough) = 1 - I_p(enough, sample - enough + 1)
    return 1 - intervals.beta(agreement, enough, sample - enough + 1)


Figures = dict[tuple[str, str, int], Cell]
"""By the rule's name, the fault's name, and the requests a minute."""


def figures(rules: dict[str, Rule]) -> Figures:
    """All cells. It takes some minutes."""
    return {
        (name, fault.name, per_minute): cell(name, rule, fault, per_minute)
        for fault in FAULTS
        for per_minute in TRAFFIC
        for name, rule in rules.items()
    }
