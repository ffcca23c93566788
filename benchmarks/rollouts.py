"""How long a rollout's engine thinks.

Limits: one decision with two gates takes at most 50 microseconds, and a plan of 24 hours with one gate and a
look each minute is simulated in 50 ms. Both are seconds of the processor, in the best of the rounds: nothing
waits here, and what else the machine does is not measured. Nothing is started; the clock is the benchmark's.
Run with: python -m benchmarks.rollouts
"""

import sys
import timeit
from collections.abc import Callable
from time import process_time

from azml.rollout.comparison import Seen
from azml.rollout.engine import Append, Observation, decide
from azml.rollout.gates import RateGate
from azml.rollout.journal import Entered, Looked, Shares, Started
from azml.rollout.looks import Counted, Look
from azml.rollout.plan import Plan, TrafficStep
from azml.rollout.replaying import apply, replay
from azml.rollout.state import State

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
ROUNDS, AT_ONCE = 500, 20


def plan(*gates: RateGate) -> Plan:
    """A step of 24 hours with these gates."""
    return Plan((TrafficStep(5, 86400.0, gates), TrafficStep(100, 0.0, ())), deadline=2 * 86400.0)


BOTH, ONE = plan(*GATES), plan(GATES[0])


def begin(plan: Plan) -> State:
    """The state in which the step of 24 hours begins."""
    return replay(plan, [Started(0.0, Shares(95, 5)), Entered(0.0, 0)])


def day() -> int:
    """Decide each minute of the step; how many decisions it took."""
    state, made = begin(ONE), 0
    while state.step == 0:
        made += 1
        for action in decide(ONE, state, SEEN, made * 60.0):
            if isinstance(action, Append):
                state = apply(ONE, state, action.entry)
    return made


def best(work: Callable[[], object], at_once: int, rounds: int) -> float:
    """The shortest round."""
    return min(timeit.repeat(work, timer=process_time, number=at_once, repeat=rounds))


def main() -> int:
    """Measure and show; exit code 1 when a limit is exceeded."""
    state = apply(BOTH, begin(BOTH), Looked(60.0, LOOKS))
    once = best(lambda: decide(BOTH, state, SEEN, 120.0), AT_ONCE, ROUNDS) / AT_ONCE
    whole = best(day, 1, 20)
    for name, seconds, limit in (("one decision", once, DECISION), ("a day of looks", whole, DAY)):
        missed = "" if seconds <= limit else "  MISSED"
        print(f"{name:<16}{seconds * 1e6:>10.0f} us; limit {limit * 1e6:.0f} us{missed}")
    return 0 if once <= DECISION and whole <= DAY else 1


if __name__ == "__main__":
    sys.exit(main())
