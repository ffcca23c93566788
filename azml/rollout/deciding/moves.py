"""The states that follow when a step is done, begins, or all traffic goes back."""

from dataclasses import replace

from azml.rollout.deciding.state import IN_STEP, NO_TALLIES, Phase, State
from azml.rollout.gates import AgreementGate, Gate, RateGate
from azml.rollout.judging.looks import nothing_yet
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


def gates_in(plan: Plan, state: State) -> tuple[Gate, ...]:
    """The gates of the step that is under way; without a deployment to compare with, nothing is compared."""
    return _gates(plan.steps[state.step], state)


def _gates(step: Step, state: State) -> tuple[Gate, ...]:
    gates = gates_of(step)
    if state.back.stable and not state.stable_is_broken:
        return gates
    return tuple(_alone(gate) for gate in gates if not isinstance(gate, AgreementGate))


def _alone(gate: Gate) -> Gate:
    return replace(gate, max_ratio=None) if isinstance(gate, RateGate) and gate.max_ratio else gate


def following(plan: Plan, step: int, *, alone: bool) -> int:
    """The step after this one. A candidate that is `alone` goes from smoke to 100 percent."""
    place = step + 1
    while alone and place < len(plan.steps) and needs_another(plan.steps[place]):
        place += 1
    return place


def needs_another(step: Step) -> bool:
    """Whether a step makes no sense where the candidate is alone."""
    return isinstance(step, ShadowStep | ApproveStep | RetireStep) or (
        isinstance(step, TrafficStep) and step.percent < 100
    )


def least(step: Step) -> float:
    """The seconds that a step has to be looked at, without extensions."""
    return step.least if isinstance(step, ShadowStep | TrafficStep) else 0.0


def confirmed(state: State, at: float) -> State:
    """The intended shares hold."""
    if state.intended is None:
        return state
    shares = state.intended
    changed = state._replace(
        shares=shares, intended=None, written=None, earlier=state.earlier | {shares}, since=at
    )
    if state.withdrawing:
        return changed._replace(phase=state.ends_as)
    # A write of the step's own shares, again, ends in the step: in any other case it begins now.
    return changed if state.phase in IN_STEP else changed._replace(phase=Phase.SHIFTING)


def entered(plan: Plan, state: State, at: float, step: int) -> State:
    """A step begins, without evidence."""
    return state._replace(
        phase=_phase(plan.steps[step]),
        step=step,
        since=at,
        entered=at,
        # Nothing has to happen before the first look of smoke: it is due at once.
        looked=at - plan.interval if isinstance(plan.steps[step], SmokeStep) else at,
        measured=0.0,
        extended=0,
        rewritten=False,
        resumed=False,
        tallies={gate.name: nothing_yet(gate) for gate in _gates(plan.steps[step], state)},
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


def advanced(plan: Plan, state: State, at: float, reason: str) -> State:
    """A step is done."""
    after = following(plan, state.step, alone=state.alone)
    ended = after >= len(plan.steps)
    return state._replace(
        phase=Phase.SUCCEEDED if ended else Phase.SHIFTING,
        step=state.step if ended else after,
        since=at,
        reason=reason,
        idle=state.idle + (at - state.entered if state.phase is Phase.WAITING else 0.0),
        tallies=NO_TALLIES,
    )


def paused(state: State, at: float, reason: str) -> State:
    """Nothing happens until a person says so."""
    return state._replace(phase=Phase.PAUSED, intended=None, written=None, since=at, reason=reason)


def withdrawn(state: State, at: float, reason: str, ends_as: Phase = Phase.ROLLED_BACK) -> State:
    """All traffic goes back."""
    return state._replace(
        phase=Phase.ROLLING_BACK,
        withdrawing=True,
        ends_as=ends_as,
        intended=None,
        written=None,
        since=at,
        reason=reason,
        noted=False,
    )
