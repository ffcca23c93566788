"""Looks at a step in which the stable deployment is over the limit too: what both depend on is disturbed.

What the candidate did in such a look says little about the candidate, and a short one leaves it over its
limit for hours. So it is told apart from the others, by what the *stable* deployment did in the same look and
by nothing else. Given that, a test which counts the candidate's other looks keeps its promise: each is an
event that is bet on or not before it is seen, and choosing where to bet makes no fair game a good one (Doob,
"Note on Probability", Annals of Mathematics 37, 1936; Waudby-Smith and Ramdas, "Estimating Means of Bounded
Random Variables by Betting", JRSS B 86, 2024, on stakes of zero).
"""

import math
from typing import NamedTuple

from azml.rollout.statistics.comparison import NOTHING, Seen
from azml.rollout.statistics.evidence import below, log_sum
from azml.rollout.statistics.intervals import beta

SURPRISE = 0.01
"""Of the looks at a stable deployment exactly at the limit, at most this part is taken for a disturbance."""
CALM = 0.75
"""What the test without disturbed looks weighs in the mean of both, by which a candidate passes."""
MOST = 0.25
"""Of a candidate's requests in a step, at most this part may be left out of what lets it pass; and by at most
this part of its time, a step with disturbed looks takes longer."""


class Disturbed(NamedTuple):
    """The requests of both deployments in the disturbed looks of a step. `limit` is the gate's (0 to 1)."""

    limit: float
    candidate: Seen = NOTHING
    stable: Seen = NOTHING

    def with_look(self, candidate: Seen, stable: Seen) -> "Disturbed":
        """With one more look, if it is disturbed."""
        requests, events = stable
        if events <= self.limit * requests or not _surprising(events, requests, self.limit):
            return self
        return Disturbed(self.limit, self.candidate.plus(candidate), self.stable.plus(stable))

    def few(self, whole: Seen) -> bool:
        """Whether the other looks may speak for `whole`, the candidate's requests in the step."""
        return self.candidate.requests <= MOST * whole.requests

    def evidence_below(self, whole: Seen) -> float:
        """The log of the evidence that the candidate's rate is under the limit.

        A mean of two tests, on the other looks and on all: what each promises, the mean does. By the latter,
        a candidate that keeps the limit need not wait until the stable deployment does.
        """
        parts = [math.log1p(-CALM) + below(whole.events, whole.requests, self.limit)]
        if self.few(whole):
            rest = whole.minus(self.candidate)
            parts.append(math.log(CALM) + below(rest.events, rest.requests, self.limit))
        return log_sum(parts)


def _surprising(events: int, requests: int, limit: float) -> bool:
    """Whether so many events, or more, are improbable at the limit: the tail of the binomial distribution."""
    return beta(limit, events, requests - events + 1) <= SURPRISE
