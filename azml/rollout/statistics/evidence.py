"""Tests on a rate that stay valid however often one looks.

Each is an e-process: the mean, over a grid of alternatives, of the likelihood ratio of what was seen against
the limit. While the limit holds, its expectation is at most 1 at any time, so that by Ville's inequality it
ever reaches 1/alpha with a probability of alpha at most. Sources: Ville, "Étude critique de la notion de
collectif" (1939); Johari, Koomen, Pekelis and Walsh, "Always Valid Inference" (Operations Research, 2022), on
mixtures of likelihood ratios; Lindon and Malek, "Anytime-Valid Inference for Multinomial Count Data"
(NeurIPS, 2022).
"""

import math
from collections.abc import Sequence
from functools import lru_cache

STEPS = 16
"""Alternatives of one test."""
NEAREST, FARTHEST = 1.25, 100.0
"""The first and the last alternative, as multiples (or fractions) of the limit; the grid is log-spaced."""
FACTORS = tuple(NEAREST * (FARTHEST / NEAREST) ** (step / (STEPS - 1)) for step in range(STEPS))

Ratios = tuple[tuple[float, float], ...]
"""For each alternative: the log of the likelihood ratio of one event, and of one trial without one."""


def above(events: int, trials: int, limit: float) -> float:
    """The log of the evidence that events are more frequent than `limit`, a rate between 0 and 1."""
    return log_mean(_logs(events, trials - events, _higher(limit)))


def below(events: int, trials: int, limit: float) -> float:
    """The log of the evidence that events are less frequent than `limit`, a rate between 0 and 1."""
    return log_mean(_logs(events, trials - events, _lower(limit)))


def shows_above(events: int, trials: int, limit: float, alpha: float) -> bool:
    """Whether a rate above `limit` is shown, with `alpha` the probability of a mistake, ever."""
    # A rate under the limit speaks for no alternative above it.
    return events > limit * trials and reached_by(_logs(events, trials - events, _higher(limit)), alpha)


def shows_below(events: int, trials: int, limit: float, alpha: float) -> bool:
    """Whether a rate below `limit` is shown, with `alpha` the probability of a mistake, ever."""
    ratios = _lower(limit)
    if not events:  # as mostly: then the lowest alternative is the likeliest one
        decided = _decided(trials * ratios[-1][1], len(ratios), -math.log(alpha))
        if decided is not None:
            return decided
    return events < limit * trials and reached_by(_logs(events, trials - events, ratios), alpha)


def reached_by(logs: Sequence[float], alpha: float) -> bool:
    """Whether the mean of numbers whose logs these are decides."""
    wanted = -math.log(alpha)
    decided = _decided(max(logs), len(logs), wanted)
    return log_mean(logs) >= wanted if decided is None else decided


def _decided(most: float, count: int, wanted: float) -> bool | None:
    """What the largest number says alone: the mean lies between its part and it. Few looks need more."""
    if most < wanted:
        return False
    return True if most - math.log(count) >= wanted else None


def reached(evidence: float, alpha: float) -> bool:
    """Whether the log of an evidence decides, with `alpha` the probability of deciding wrongly, ever."""
    return evidence >= -math.log(alpha)


@lru_cache(maxsize=256)
def clean_trials(limit: float, alpha: float) -> int:
    """How many trials without an event are enough to show a rate below `limit`."""
    few, enough = 0, 1
    while not reached(below(0, enough, limit), alpha):
        few, enough = enough, 2 * enough
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (few, middle) if reached(below(0, middle, limit), alpha) else (middle, enough)
    return enough


def log_mean(logs: Sequence[float]) -> float:
    """The log of the mean of numbers whose logs these are, none of which needs to fit in a float."""
    return log_sum(logs) - math.log(len(logs))


def log_sum(logs: Sequence[float]) -> float:
    """The log of the sum of such numbers."""
    most, exp = max(logs), math.exp
    return most + math.log(sum([exp(one - most) for one in logs]))


@lru_cache(maxsize=256)
def _higher(limit: float) -> Ratios:
    # A rate of 1 would be refuted by the first success for ever; just under it is as good a guess.
    highest = 1 - (1 - limit) / FARTHEST
    last = min(FARTHEST, highest / limit)
    first = min(NEAREST, math.sqrt(last))
    spaced = (first * (last / first) ** (step / (STEPS - 1)) for step in range(STEPS))
    return tuple(_ratio(limit * factor, limit) for factor in spaced)


@lru_cache(maxsize=256)
def _lower(limit: float) -> Ratios:
    return tuple(_ratio(limit / factor, limit) for factor in FACTORS)


def _ratio(rate: float, limit: float) -> tuple[float, float]:
    return math.log(rate / limit), math.log1p(-rate) - math.log1p(-limit)


def _logs(events: int, others: int, ratios: Ratios) -> list[float]:
    return [events * event + others * other for event, other in ratios]
