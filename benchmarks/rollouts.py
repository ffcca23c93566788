"""How long a rollout's engine thinks, how long `explain` takes, and what a rollout sends to its endpoint.

Limits: one decision with two gates takes at most 50 microseconds, and a plan of 24 hours with one gate and a
look each minute is simulated in 50 ms. `azml rollout explain` takes a second, where the traffic is said:
else Azure's own time comes on top. These are seconds of the processor, in the best of the rounds, as what
else the machine does is not measured; of `explain`, the time on the clock is shown, beside that of a Python
that does nothing. Of all requests of an endpoint, at most 1 % are the rollout's own, without replay: in one
that goes through, and in one that is withdrawn in its last step. Run with: python -m benchmarks.rollouts
"""

import os
import subprocess
import sys
import timeit
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

from azml.rollout.deciding.engine import Append, Observation, decide
from azml.rollout.deciding.replaying import apply, replay
from azml.rollout.deciding.state import State
from azml.rollout.gates import RateGate
from azml.rollout.journals.journal import Entered, Looked, Shares, Started
from azml.rollout.judging.looks import Counted, Look
from azml.rollout.plan import Plan, TrafficStep
from azml.rollout.statistics.comparison import Seen
from benchmarks.rollout_load import sent

DECISION, DAY, EXPLAIN = 50e-6, 50e-3, 1.0
"""Seconds."""
OWN = 0.01
"""Part of the endpoint's requests."""
ROOT = Path(__file__).parents[1]
COMMAND = ("-c", "from azml.cli.app import main; main()", "rollout", "explain", "diabetes", "--stack", "dev")
PLAN = ("--plan", "canary", "--requests-per-minute", "600")
WITHDRAWN_AFTER = 45 * 60.0
"""Seconds: in the last step of the preset."""
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


class Spent(NamedTuple):
    """Seconds of a process: of the processor, and on the clock."""

    cpu: float
    wall: float


def spent(arguments: Sequence[str]) -> Spent:
    """What a Python with these arguments takes."""
    before, began = os.times(), perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    own = (after.children_user - before.children_user) + (after.children_system - before.children_system)
    return Spent(own, perf_counter() - began)


def least(found: Sequence[Spent]) -> Spent:
    """The least of each."""
    return Spent(min(one.cpu for one in found), min(one.wall for one in found))


def show(name: str, found: str, limit: str, *, holds: bool) -> bool:
    """Print a line; whether the limit holds."""
    print(f"{name:<34}{found:>34}; limit {limit}{'' if holds else '  MISSED'}", flush=True)
    return holds


def thinking() -> list[bool]:
    """The engine's time."""
    state = apply(BOTH, begin(BOTH), Looked(60.0, LOOKS))
    once = best(lambda: decide(BOTH, state, SEEN, 120.0), AT_ONCE, ROUNDS) / AT_ONCE
    whole = best(day, 1, 20)
    return [
        show("one decision", f"{once * 1e6:.0f} us", "50 us", holds=once <= DECISION),
        show("a day of looks", f"{whole * 1e3:.0f} ms", "50 ms", holds=whole <= DAY),
    ]


def explaining() -> bool:
    """The command's time, beside a Python that does nothing."""
    pairs = [(spent((*COMMAND, *PLAN)), spent(("-c", "pass"))) for _ in range(10)]
    explain, bare = (
        Spent(min(one.cpu for one in each), min(one.wall for one in each))
        for each in zip(*pairs, strict=True)
    )
    found = f"{explain.cpu:.2f} s, {explain.wall:.2f} on the clock"
    print(f"{'a bare Python':<34}{f'{bare.cpu:.2f} s, {bare.wall:.2f} on the clock':>34}")
    return show("explain", found, "1 s", holds=explain.cpu <= EXPLAIN)


def loading() -> list[bool]:
    """The rollout's own requests, of all that its endpoint gets."""
    shown = []
    for after in (float("inf"), WITHDRAWN_AFTER):
        phase, own, users = sent(after)
        part, name = own / (own + users), f"own requests, {phase.replace('_', ' ')}"
        shown.append(show(name, f"{own} of {own + users:,}: {part:.2%}", "1 %", holds=part <= OWN))
    return shown


def main() -> int:
    """Measure and show; exit code 1 when a limit is exceeded."""
    return 0 if all([*thinking(), explaining(), *loading()]) else 1


if __name__ == "__main__":
    sys.exit(main())
