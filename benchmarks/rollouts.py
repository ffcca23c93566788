"""How long a rollout's engine thinks.

Limits: one decision with two gates takes at most 50 microseconds in the best of its rounds, and a plan of 24
hours with a look each minute is simulated within 50 ms. Nothing is started; the clock is the benchmark's.
Run with: python -m benchmarks.rollouts
"""

import sys
import timeit

from azml.rollout.comparison import Seen
from azml.rollout.engine import Append, Observation, decide
from azml.rollout.gates import RateGate
from azml.rollout.journal import Entered, Looked, Shares, Started
from azml.rollout.looks import Counted, Look
from azml.rollout.plan import Plan, TrafficStep
from azml.rollout.state import State, apply, replay

DECISION, DAY = 50e-6, 50e-3
"""Seconds."""
GATES = (
    RateGate("errors", 0.01, max_ratio=1.5),
    RateGate("latency", 0.05, max_ratio=1.5, slower_than=0.25),
)
LOOKS: dict[str, Look] = {
    "errors": Counted(Seen(20, 0), Seen(380, 1)),
    "latency": Counted(Seen(20, 0), Seen(380, 5)),
}
SEEN = Observation(Shares(95, 5), looks=LOOKS)
PLAN = Plan((TrafficStep(5, 86400.0, GATES), TrafficStep(100, 0.0, ())), deadline=2 * 86400.0)


def begin() -> State:
    """The state in which the step of 24 hours begins."""
    return replay(PLAN, [Started(0.0, Shares(95, 5)), Entered(0.0, 0)])


def day() -> int:
    """Decide each minute of the step; how many decisions it took."""
    state, made = begin(), 0
    while state.step == 0:
        made += 1
        for action in decide(PLAN, state, SEEN, made * 60.0):
            if isinstance(action, Append):
                state = apply(PLAN, state, action.entry)
    return made


def main() -> int:
    """Measure and show; exit code 1 when a limit is exceeded."""
    state = apply(PLAN, begin(), Looked(60.0, LOOKS))
    once = min(timeit.repeat(lambda: decide(PLAN, state, SEEN, 120.0), number=500, repeat=9)) / 500
    whole = min(timeit.repeat(day, number=1, repeat=5))
    for name, seconds, limit in (("one decision", once, DECISION), ("a day of looks", whole, DAY)):
        missed = "" if seconds <= limit else "  MISSED"
        print(f"{name:<16}{seconds * 1e6:>10.0f} us; limit {limit * 1e6:.0f} us{missed}")
    return 0 if once <= DECISION and whole <= DAY else 1


if __name__ == "__main__":
    sys.exit(main())
