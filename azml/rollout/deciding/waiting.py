"""How long a rollout has nothing to do."""

from azml.rollout.deciding.moves import gates_in, least
from azml.rollout.deciding.state import ENDED, IN_STEP, Phase, State
from azml.rollout.plan import ApproveStep, Plan, RetireStep


def wait(plan: Plan, state: State, now: float, poll: float) -> float:
    """Seconds until the next turn, where nothing that was just done asks for another one at once.

    `poll` is between two looks at shares that were written, or at a deployment that is not ready.
    """
    if state.phase in ENDED:
        return 0.0
    if state.phase is Phase.PAUSED or state.phase is Phase.DECLARED:
        return plan.interval
    if state.intended is not None or state.phase not in IN_STEP:
        return min(poll, plan.interval)
    left = _left(plan, state, now)
    # What is overdue could not be done: it is tried again, not without a pause.
    return min(plan.interval, left if left > 0 else poll)


def _left(plan: Plan, state: State, now: float) -> float:
    step = plan.steps[state.step]
    if isinstance(step, RetireStep):
        return state.entered + step.after - now
    if gates_in(plan, state):
        return state.looked + plan.interval - now
    if isinstance(step, ApproveStep):
        return plan.interval
    return least(step) - state.measured
