"""Whether the candidate has more of the events than its share of the requests explains.

Of all events of an interval (errors, slow answers), each is the candidate's with the probability that its
part of the requests gives it, where both deployments are equally likely to have one. What is tested is the
ratio of the two rates, by the test of `evidence`; a bad hour of what both depend on changes no ratio. Given
the total, events are drawn without putting them back, which only narrows their spread: the bound holds
(Hoeffding, "Probability Inequalities for Sums of Bounded Random Variables", 1963, section 6).
"""

import math
from typing import NamedTuple

from azml.rollout.statistics.evidence import FACTORS, STEPS, log_mean, reached_by

START = (0.0,) * (STEPS // 2)
RATIOS = FACTORS[::2]
"""The alternatives."""
GAINS = tuple(math.log(ratio) for ratio in RATIOS)
"""What one event of the candidate's speaks for each of them."""


class Seen(NamedTuple):
    """Requests of one deployment, and those among them that count as events."""

    requests: int = 0
    events: int = 0

    def plus(self, other: "Seen") -> "Seen":
        """Both together."""
        return Seen(self.requests + other.requests, self.events + other.events)

    def minus(self, part: "Seen") -> "Seen":
        """What is left without a part of it."""
        return Seen(self.requests - part.requests, self.events - part.events)

    @property
    def rate(self) -> float:
        """The part of the requests that were events; 0 without requests."""
        return self.events / self.requests if self.requests else 0.0


NOTHING = Seen()


class Comparison(NamedTuple):
    """What the intervals so far say for each alternative ratio, as logs of likelihood ratios.

    `max_ratio` is how many times the stable deployment's rate the candidate may have.
    """

    max_ratio: float
    logs: tuple[float, ...] = START

    def with_interval(self, candidate: Seen, stable: Seen) -> "Comparison":
        """With one more interval. One in which a deployment had no requests compares nothing."""
        own, events = candidate
        other, others_events = stable
        total = events + others_events
        if not (own and other and total):
            return self
        odds = self.max_ratio * own / other
        spoken = map(math.log1p, [odds * ratio for ratio in RATIOS])
        base = total * math.log1p(odds)
        added = [
            old + base + events * gain - total * against
            for old, gain, against in zip(self.logs, GAINS, spoken, strict=True)
        ]
        return Comparison(self.max_ratio, tuple(added))

    @property
    def evidence(self) -> float:
        """The log of the evidence that the candidate's rate is more than the allowed ratio."""
        return log_mean(self.logs)

    def shows(self, alpha: float) -> bool:
        """Whether the ratio is known to be exceeded, with `alpha` the probability of a mistake, ever."""
        return reached_by(self.logs, alpha)


def allowed_part(candidate: int, stable: int, max_ratio: float) -> float:
    """The part of all events that the candidate may have, by both deployments' requests."""
    odds = max_ratio * candidate / stable
    return odds / (1 + odds)
