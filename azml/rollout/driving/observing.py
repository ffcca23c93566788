"""What a driver observes before it decides: as little as the decision needs."""

from azml.rollout.deciding.engine import Observation, due, next_shares
from azml.rollout.deciding.state import State
from azml.rollout.driving.ports import Endpoint, Ports, Unavailable
from azml.rollout.gates import Gate
from azml.rollout.journals.journal import Shares
from azml.rollout.judging.looks import Look, Missing
from azml.rollout.plan import Plan


def observe(ports: Ports, plan: Plan, state: State, now: float) -> Observation:
    """What is so now."""
    shares = _shares(ports.endpoint)
    following = next_shares(plan, state)
    ready = True if following is None else _ready(ports.endpoint, following)
    gates = due(plan, state, now) if shares == state.shares else ()
    seen = Observation(shares, ready, {gate.name: _look(ports, gate, state, now) for gate in gates})
    return with_stable(ports, state, seen) if state.withdrawing and state.intended is None else seen


def with_stable(ports: Ports, state: State, seen: Observation) -> Observation:
    """What is asked before all traffic goes back: whether the stable deployment can take it."""
    if state.first:
        return seen._replace(ready=True)
    ready = seen.ready if state.withdrawing else _ready(ports.endpoint, state.back)
    try:
        answers = ports.endpoint.stable_answers()
    except Unavailable:
        return seen._replace(ready=ready)
    return seen._replace(ready=ready, stable_answers=answers)


def _shares(endpoint: Endpoint) -> Shares | None:
    try:
        return endpoint.shares()
    except Unavailable:
        return None


def _ready(endpoint: Endpoint, shares: Shares) -> bool | None:
    try:
        return endpoint.ready(shares)
    except Unavailable:
        return None


def _look(ports: Ports, gate: Gate, state: State, now: float) -> Look:
    try:
        return ports.evidence.look(gate, state.looked, now, state.entered)
    except Unavailable as missing:
        return Missing(str(missing))
