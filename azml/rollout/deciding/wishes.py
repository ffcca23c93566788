"""What people ask of a rollout, and whether it makes sense now."""

from azml.rollout.deciding.moves import advanced, following, paused, withdrawn
from azml.rollout.deciding.state import ENDED, NO_TALLIES, Phase, State
from azml.rollout.journals.journal import Asked, Wish
from azml.rollout.plan import Plan, RetireStep, SmokeStep


def no_sense(plan: Plan, state: State, what: Wish) -> str | None:
    """Why this cannot be asked now, None where it can."""
    if state.phase is Phase.DECLARED:
        return "the rollout has not begun"
    if state.phase in ENDED:
        return f"the rollout has ended: it is {state.phase.said}"
    if what == "retry":
        return "the rollout has not ended: abort it first"
    if state.withdrawing and what != "supersede":
        return f"all traffic is already going back: {state.reason}"
    if what == "approve" and state.phase is not Phase.WAITING:
        return f"no step is waiting for approval: the rollout is {state.phase.said}"
    if what == "resume" and state.phase is not Phase.PAUSED:
        return f"the rollout is not paused: it is {state.phase.said}"
    if what == "pause" and state.phase is Phase.PAUSED:
        return f"the rollout is already paused: {state.reason}"
    if what == "stable_is_broken":
        return _not_alone(plan, state)
    return None


def _not_alone(plan: Plan, state: State) -> str | None:
    if state.alone:
        return "nothing is compared with the stable deployment anyway"
    if isinstance(plan.steps[state.step], RetireStep):
        return "the candidate has all the traffic already"
    if not begins_with_smoke(plan):
        return "the plan has no smoke step, and without it nothing would be known about the candidate"
    return None


def begins_with_smoke(plan: Plan) -> bool:
    """Whether a candidate that is compared with nothing has to show something."""
    return bool(plan.steps) and isinstance(plan.steps[0], SmokeStep)


def asked(plan: Plan, state: State, entry: Asked) -> State:
    """The state after it. What makes no sense changes nothing."""
    if no_sense(plan, state, entry.what):
        return state
    said = f"{entry.what.replace('_', ' ')} was requested by {entry.by}"
    match entry.what:
        case "abort":
            return withdrawn(state, entry.at, said, Phase.ABORTED)
        case "pause":
            return paused(state, entry.at, said)
        case "approve":
            return advanced(plan, state, entry.at, said)
        case "resume":
            return _resumed(state, entry.at, said)
        case "supersede":
            return _superseded(plan, state, entry.at, said)
        case "stable_is_broken":
            return _broken(plan, state, entry.at, said)
    return state


def _resumed(state: State, at: float, said: str) -> State:
    """It has its whole deadline again, or the next look would pause it once more."""
    return state._replace(
        phase=Phase.SHIFTING,
        intended=None,
        written=None,
        started=at,
        since=at,
        idle=0.0,
        reason=said,
        tallies=NO_TALLIES,
        resumed=True,
    )


def _superseded(plan: Plan, state: State, at: float, said: str) -> State:
    """All traffic goes back, unless only the old slot's retirement was left."""
    if state.withdrawing:
        return state
    if isinstance(plan.steps[state.step], RetireStep):
        return state._replace(phase=Phase.SUPERSEDED, intended=None, written=None, since=at, reason=said)
    return withdrawn(state, at, said, Phase.SUPERSEDED)


def _broken(plan: Plan, state: State, at: float, said: str) -> State:
    """Straight to 100 percent after smoke; what had been compared is void."""
    step = following(plan, state.step - 1, alone=True)
    return _resumed(state, at, said)._replace(step=step, stable_is_broken=True)
