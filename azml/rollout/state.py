"""Where a rollout stands: what the entries of its journal add up to."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from azml.rollout import journal
from azml.rollout.gates import RateGate
from azml.rollout.journal import Entry, Shares
from azml.rollout.looks import NO_LOOK, Tally, added, nothing_yet
from azml.rollout.plan import (
    ApproveStep,
    Plan,
    RetireStep,
    ShadowStep,
    SmokeStep,
    Step,
    TrafficStep,
    gates_of,
)


class Phase(StrEnum):
    """What a rollout does."""

    DECLARED = "declared"
    SHIFTING = "shifting"
    SMOKE = "smoke"
    SHADOW = "shadow"
    BAKING = "baking"
    WAITING = "waiting"
    FULL = "full"
    RETIRING = "retiring"
    PAUSED = "paused"
    ROLLING_BACK = "rolling_back"
    STUCK = "stuck"
    SUCCEEDED = "succeeded"
    ROLLED_BACK = "rolled_back"
    ABORTED = "aborted"


ENDED = frozenset({Phase.SUCCEEDED, Phase.ROLLED_BACK, Phase.ABORTED})
IN_STEP = frozenset({Phase.SMOKE, Phase.SHADOW, Phase.BAKING, Phase.FULL, Phase.WAITING, Phase.RETIRING})


NONE = Shares(0, 0)
NO_TALLIES: Mapping[str, Tally] = MappingProxyType({})


class State(NamedTuple):
    """All that a decision needs to know of the past.

    `shares` are the last ones read back, `earlier` all that ever were, `back` those before the rollout.
    `step` is the one that is under way or comes next. `entered` is when it began, `measured` how many of its
    seconds were looked at, `looked` when the last look was. `idle` are seconds that people took. After a
    person `resumed` it, traffic that somebody had moved is moved again.
    """

    phase: Phase = Phase.DECLARED
    step: int = 0
    shares: Shares = NONE
    back: Shares = NONE
    earlier: frozenset[Shares] = frozenset()
    intended: Shares | None = None
    rewritten: bool = False
    started: float = 0.0
    since: float = 0.0
    entered: float = 0.0
    looked: float = 0.0
    measured: float = 0.0
    idle: float = 0.0
    extended: int = 0
    tallies: Mapping[str, Tally] = NO_TALLIES
    withdrawing: bool = False
    aborted: bool = False
    resumed: bool = False
    reason: str = ""

    @property
    def first(self) -> bool:
        """Whether no deployment had traffic before: there is nothing to compare with or to go back to."""
        return self.back.stable == 0


def replay(plan: Plan, entries: Iterable[Entry]) -> State:
    """The state that a journal adds up to."""
    state = State()
    for entry in entries:
        state = apply(plan, state, entry)
    return state


def apply(plan: Plan, state: State, entry: Entry) -> State:
    """The state after one more entry."""
    match entry:
        case journal.Looked():
            return _looked(plan, state, entry)
        case journal.Started(at, shares):
            return State(
                phase=Phase.SHIFTING,
                step=following(plan, -1, first=shares.stable == 0),
                shares=shares,
                back=shares,
                earlier=frozenset({shares}),
                started=at,
                since=at,
            )
        case journal.Intended(at, shares):
            again = shares == state.shares
            return state._replace(intended=shares, since=at, rewritten=state.rewritten or again)
        case journal.Confirmed(at):
            return _confirmed(state, at)
        case journal.Entered(at, step):
            return _entered(plan, state, at, step)
        case journal.Advanced(at, reason):
            return _advanced(plan, state, at, reason)
        case journal.Extended(_, reason):
            return state._replace(extended=state.extended + 1, reason=reason)
        case journal.Paused(at, reason):
            return state._replace(phase=Phase.PAUSED, intended=None, since=at, reason=reason)
        case journal.Withdrawn(at, reason):
            return _withdrawn(state, at, reason)
        case journal.Stuck(_, reason):
            return state._replace(phase=Phase.STUCK, reason=reason)
        case journal.Asked():
            return _asked(plan, state, entry)


def following(plan: Plan, step: int, *, first: bool) -> int:
    """The step after this one. A first deployment shares with nobody: it goes from smoke to 100 percent."""
    place = step + 1
    while first and place < len(plan.steps) and _needs_another(plan.steps[place]):
        place += 1
    return place


def _needs_another(step: Step) -> bool:
    return isinstance(step, ShadowStep | ApproveStep | RetireStep) or (
        isinstance(step, TrafficStep) and step.percent < 100
    )


def _confirmed(state: State, at: float) -> State:
    if state.intended is None:
        return state
    shares = state.intended
    changed = state._replace(shares=shares, intended=None, earlier=state.earlier | {shares}, since=at)
    if state.withdrawing:
        return changed._replace(phase=Phase.ABORTED if state.aborted else Phase.ROLLED_BACK)
    # A write of the step's own shares, again, ends in the step: in any other case it begins now.
    return changed if state.phase in IN_STEP else changed._replace(phase=Phase.SHIFTING)


def _entered(plan: Plan, state: State, at: float, step: int) -> State:
    return state._replace(
        phase=_phase(plan.steps[step]),
        step=step,
        since=at,
        entered=at,
        looked=at,
        measured=0.0,
        extended=0,
        rewritten=False,
        resumed=False,
        tallies={gate.name: nothing_yet(gate) for gate in gates_of(plan.steps[step])},
    )


def _phase(step: Step) -> Phase:
    match step:
        case SmokeStep():
            return Phase.SMOKE
        case ShadowStep():
            return Phase.SHADOW
        case TrafficStep(percent=100):
            return Phase.FULL
        case TrafficStep():
            return Phase.BAKING
        case ApproveStep():
            return Phase.WAITING
        case RetireStep():
            return Phase.RETIRING


def least(step: Step) -> float:
    """The seconds that a step has to be looked at, without extensions."""
    return step.least if isinstance(step, ShadowStep | TrafficStep) else 0.0


def _looked(plan: Plan, state: State, entry: journal.Looked) -> State:
    """Only seconds count in which every gate's look has found something out."""
    step = plan.steps[state.step]
    over = isinstance(step, ShadowStep | TrafficStep) and state.measured >= step.least
    tallies = dict(state.tallies)
    for gate in gates_of(step):
        if over and isinstance(gate, RateGate) and gate.evidence == "fixed":
            continue  # looked at once: what comes later is no evidence
        tallies[gate.name] = added(tallies[gate.name], entry.looks.get(gate.name, NO_LOOK))
    whole = not any(tally.failed_looks for tally in tallies.values())
    gap = max(0.0, entry.at - state.looked) if whole else 0.0
    return state._replace(tallies=tallies, measured=state.measured + gap, looked=entry.at)


def _advanced(plan: Plan, state: State, at: float, reason: str) -> State:
    after = following(plan, state.step, first=state.first)
    ended = after >= len(plan.steps)
    phase = Phase.SUCCEEDED if ended else Phase.SHIFTING
    step = state.step if ended else after
    idle = state.idle + (at - state.entered if state.phase is Phase.WAITING else 0.0)
    return state._replace(phase=phase, step=step, since=at, reason=reason, idle=idle, tallies=NO_TALLIES)


def _withdrawn(state: State, at: float, reason: str) -> State:
    return state._replace(phase=Phase.ROLLING_BACK, withdrawing=True, intended=None, since=at, reason=reason)


def _asked(plan: Plan, state: State, entry: journal.Asked) -> State:
    """What is asked where it makes no sense changes nothing."""
    if state.phase in ENDED or state.phase is Phase.DECLARED:
        return state
    said = f"{entry.what} was asked by {entry.by}"
    if entry.what == "abort":
        return state if state.withdrawing else _withdrawn(state, entry.at, said)._replace(aborted=True)
    if entry.what == "pause" and not state.withdrawing:
        return state._replace(phase=Phase.PAUSED, intended=None, since=entry.at, reason=said)
    if entry.what == "resume" and state.phase is Phase.PAUSED:
        idle = state.idle + entry.at - state.since
        return state._replace(
            phase=Phase.SHIFTING, since=entry.at, idle=idle, reason=said, tallies=NO_TALLIES, resumed=True
        )
    if entry.what == "approve" and state.phase is Phase.WAITING:
        return _advanced(plan, state, entry.at, said)
    return state
