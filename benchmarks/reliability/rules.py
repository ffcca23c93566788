"""The rules that are compared: each takes one candidate through a rollout of its own.

Argo Rollouts, as its documentation's first example of analysis has it (docs/features/analysis.md): 20, 40, 60
and 80 % for ten minutes each; from 40 % on, every five minutes the success rate of the last five has to be
0.95; `failureLimit: 3`, "the maximum number of times the measurement is allowed to fail" (AnalysisTemplate's
reference). Neither has a default limit of its own: `failureLimit` is 0 where nothing is written.

Flagger, as its page "How it works" has it (docs/gitbook/usage/how-it-works.md): a check each minute of the
minute's success rate (99 % at least) and of its 99th percentile (500 ms at most); each check that passes adds
5 % up to 50 %, and then promotes; `threshold: 10` failed checks roll back. A check without values fails.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from azml.findings import Finding, Place
from azml.rollout.deciding.engine import Append, Observation, Write, decide
from azml.rollout.deciding.replaying import apply
from azml.rollout.deciding.state import ENDED, Phase, State
from azml.rollout.gates import AgreementGate
from azml.rollout.journals import journal
from azml.rollout.journals.journal import Shares
from azml.rollout.judging.looks import Counted, Look, Matches, Replayed
from azml.rollout.plan import Plan, TrafficStep, gates_of
from azml.rollout.planning.presets import PRESETS
from azml.rollout.planning.reading import About, read_plan
from azml.rollout.statistics.comparison import Seen
from azml.specs import from_python
from benchmarks.reliability.faults import Minute, World

Ending = Literal["promoted", "rolled back", "paused"]
ENDINGS: dict[Phase, Ending] = {Phase.SUCCEEDED: "promoted", Phase.ROLLED_BACK: "rolled back"}


class Ended(NamedTuple):
    """How a rollout ended, after how many minutes, and how many of the candidate's answers were spoiled."""

    ending: Ending
    minutes: int
    spoiled: int


Rule = Callable[[World], Ended]


def _ended(world: World, ending: Ending) -> Ended:
    return Ended(ending, world.minutes, world.spoiled)


def our_plan() -> Plan:
    """The preset `canary` without its smoke step, and with the agreement gate of `prod` in the first step."""
    canary, prod = PRESETS["canary"], PRESETS["prod"]
    first, *others = [step for step in canary["steps"] if "traffic" in step]
    gates = {name: gate for name, gate in canary["gates"].items() if name != "smoke"}
    written = {
        "gates": {**gates, "agreement": prod["gates"]["agreement"]},
        "steps": [{**first, "gates": [*first["gates"], "agreement"]}, *others],
    }
    findings: list[Finding] = []
    nowhere = About(Path("nowhere"))
    plan = read_plan(from_python(written, "", lambda key: Place(None, None, key)), nowhere, findings)
    if plan is None:
        raise ValueError("\n".join(map(str, findings)))
    return plan


class Ours:
    """Our engine, with a plan, under the world's clock."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __call__(self, world: World) -> Ended:
        """One rollout."""
        state = apply(self.plan, State(), journal.Started(0.0, Shares(100, 0)))
        shares = Shares(100, 0)
        looks: dict[str, Look] = {}
        while True:
            now = world.minutes * 60.0
            while actions := decide(self.plan, state, Observation(shares, looks=looks), now):
                for action in actions:
                    if isinstance(action, Append):
                        state = apply(self.plan, state, action.entry)
                    elif isinstance(action, Write):
                        shares = action.shares
            if state.phase in ENDED or state.phase is Phase.PAUSED:
                return _ended(world, ENDINGS.get(state.phase, "paused"))
            looks = self.looks(world, state, *world.minute(shares.candidate))

    def looks(self, world: World, state: State, candidate: Minute, stable: Minute) -> dict[str, Look]:
        """What each gate of the step finds in a minute; answers are compared once a step."""
        found: dict[str, Look] = {
            "errors": Counted(
                Seen(candidate.requests, candidate.errors), Seen(stable.requests, stable.errors)
            ),
            "latency": Counted(Seen(candidate.requests, candidate.slow), Seen(stable.requests, stable.slow)),
        }
        for gate in gates_of(self.plan.steps[state.step]):
            if isinstance(gate, AgreementGate):
                before = state.tallies[gate.name].found
                compared = before if isinstance(before, Replayed) and before.fields else None
                found[gate.name] = compared or self.replayed(world, gate)
        return found

    def replayed(self, world: World, gate: AgreementGate) -> Replayed:
        """The answers to the sample, of which some differ."""
        equal = gate.sample - world.drawn(gate.sample, world.fault.differs)
        return Replayed({field.path: Matches(gate.sample, equal) for field in gate.fields})


class Threshold:
    """Over the limit in one minute: back at once. The shares and minutes of our plan."""

    def __init__(self, plan: Plan) -> None:
        self.steps = [
            (step.percent, int(step.least / 60)) for step in plan.steps if isinstance(step, TrafficStep)
        ]

    def __call__(self, world: World) -> Ended:
        """One rollout."""
        for share, minutes in self.steps:
            for _ in range(minutes):
                candidate, _stable = world.minute(share)
                if candidate.error_rate > 0.01 or candidate.slow > 0.05 * candidate.requests:
                    return _ended(world, "rolled back")
        return _ended(world, "promoted")


class Argo:
    """Argo Rollouts' rule; `least` is the success rate that a measurement needs."""

    WEIGHTS, MINUTES, FROM, EVERY, FAILURE_LIMIT = (20, 40, 60, 80), 10, 10, 5, 3

    def __init__(self, least: float) -> None:
        self.least = least

    def __call__(self, world: World) -> Ended:
        """One rollout."""
        window: list[Minute] = []
        failed = 0
        for share in self.WEIGHTS:
            for _ in range(self.MINUTES):
                if world.minutes >= self.FROM and world.minutes % self.EVERY == 0:
                    failed += self.fails(window)
                if failed > self.FAILURE_LIMIT:
                    return _ended(world, "rolled back")
                window = [*window[1 - self.EVERY :], world.minute(share)[0]]
        return _ended(world, "promoted")

    def fails(self, window: list[Minute]) -> bool:
        """Whether a measurement of these minutes fails; without requests there is none."""
        requests, errors = sum(one.requests for one in window), sum(one.errors for one in window)
        return requests > 0 and 1 - errors / requests < self.least


class Flagger:
    """Flagger's rule."""

    STEP, MOST, THRESHOLD = 5, 50, 10

    def __call__(self, world: World) -> Ended:
        """One rollout."""
        share, failed = self.STEP, 0
        while failed < self.THRESHOLD:
            if not self.passes(world.minute(share)[0]):
                failed += 1
            elif share >= self.MOST:
                return _ended(world, "promoted")
            else:
                share += self.STEP
        return _ended(world, "rolled back")

    def passes(self, minute: Minute) -> bool:
        """Whether the checks of a minute pass."""
        if not minute.requests:
            return False
        return minute.errors <= 0.01 * minute.requests and minute.long <= 0.01 * minute.requests


def rules() -> dict[str, Rule]:
    """All rules, ours first, by the names of the columns."""
    plan = our_plan()
    return {
        "azml": Ours(plan),
        "threshold": Threshold(plan),
        "Argo Rollouts": Argo(0.95),
        "Argo Rollouts at 99 %": Argo(0.99),
        "Flagger": Flagger(),
    }
