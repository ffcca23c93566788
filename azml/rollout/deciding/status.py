"""How a rollout stands, in one sentence with its numbers, and what to do next: the same for every reader."""

import json
from dataclasses import dataclass

from azml.rollout.deciding.engine import judgements, target
from azml.rollout.deciding.moves import least
from azml.rollout.deciding.state import IN_STEP, Phase, State
from azml.rollout.durations import minutes
from azml.rollout.journals.document import Document, Head
from azml.rollout.journals.journal import Shares
from azml.rollout.judging.looks import Rates
from azml.rollout.judging.verdicts import Judgement
from azml.rollout.plan import ApproveStep, Plan, RetireStep

NOT_BEGUN = "no rollout of this endpoint has begun: begin one with azml rollout run"


@dataclass(frozen=True)
class Status:
    """A rollout now. `step` counts from 1, `of` so many; `served` is the measured share of the candidate.

    `served` is in percent of `requests` of the step, None where none were counted.
    """

    head: Head
    phase: Phase
    step: int
    of: int
    shares: Shares
    sentence: str
    advice: str
    judgements: tuple[Judgement, ...]
    requests: int
    served: float | None


def status(document: Document, state: State, now: float) -> Status:
    """The status of a journal that adds up to `state`. Raises BrokenJournal."""
    plan = document.plan
    judged = judgements(plan, state) if state.phase in IN_STEP else ()
    requests, served = _served(state)
    return Status(
        document.head,
        state.phase,
        state.step + 1,
        len(plan.steps),
        state.shares,
        sentence(document.head, plan, state, now),
        advice(document.head, state),
        judged,
        requests,
        served,
    )


def _served(state: State) -> tuple[int, float | None]:
    for tally in state.tallies.values():
        if isinstance(tally.found, Rates):
            own, stable = tally.found.candidate.requests, tally.found.stable.requests
            return own + stable, 100 * own / (own + stable) if own + stable else None
    return 0, None


def sentence(head: Head, plan: Plan, state: State, now: float) -> str:
    """One sentence: how it is, and why."""
    place = f"step {state.step + 1} of {len(plan.steps)}"
    where = _where(head, state.shares)
    match state.phase:
        case Phase.DECLARED:
            return "The rollout has not begun."
        case Phase.SHIFTING:
            coming = target(plan, state).said
            return f"Before {place}: {where}; next is {coming}, once the instances for it are ready."
        case Phase.PAUSED:
            return f"Paused at {place}: {state.reason}. Now {where}."
        case Phase.ROLLING_BACK:
            return f"All traffic is going back ({_where(head, state.back)}): {state.reason}."
        case Phase.STUCK:
            return f"Stuck at {place}: {state.reason}."
        case Phase.SUCCEEDED:
            return f"Succeeded: {where}; the last step ended: {state.reason}."
        case Phase.ROLLED_BACK | Phase.ABORTED | Phase.SUPERSEDED:
            return f"{state.phase.said.capitalize()}: {where}; {state.reason}."
    return _in_step(head, plan, state, now, f"{place.capitalize()} ({state.phase.said}): {where}")


def _in_step(head: Head, plan: Plan, state: State, now: float, begins: str) -> str:
    step = plan.steps[state.step]
    waited = minutes(now - state.entered)
    if isinstance(step, RetireStep):
        return f"{begins}; {head.stable} is free after {minutes(step.after)}; {waited} have passed."
    found = "".join([f"; {one.why}" for one in judgements(plan, state)])
    if isinstance(step, ApproveStep):
        left = f"{waited} of the {minutes(step.within)} for approval have passed"
        return f"{begins}; {left}{found}."
    wanted = least(step) + state.extended * plan.extend
    return f"{begins}; {minutes(state.measured)} of {minutes(wanted)} measured{found}."


def _where(head: Head, shares: Shares) -> str:
    """Who has the traffic, by the deployments' names."""
    if not shares.stable + shares.candidate:
        return "no deployment has traffic"
    parts = [(head.stable, shares.stable), (head.candidate, shares.candidate)]
    held = " and ".join([f"{name} has {share} %" for name, share in parts if share])
    return f"{held}, {shares.mirror} % mirrored to {head.candidate}" if shares.mirror else held


def advice(head: Head, state: State) -> str:
    """What a person can do now."""
    name, back = head.endpoint, head.stable or "nobody"
    abort = f"azml rollout abort {name} gives all traffic back to {back}"
    match state.phase:
        case Phase.DECLARED | Phase.ABORTED | Phase.SUPERSEDED:
            return f"azml rollout run {name} begins another one."
        case Phase.PAUSED:
            broken = (
                ""
                if state.alone
                else f"; if {back} is the broken one, azml rollout resume {name} --stable-is-broken"
            )
            return f"azml rollout resume {name} repeats this step from its beginning; {abort}{broken}."
        case Phase.STUCK:
            return f"azml status shows what Azure says; azml rollout resume {name} tries again; {abort}."
        case Phase.ROLLING_BACK:
            return f"azml rollout resume {name} carries it out, if no other process does."
        case Phase.ROLLED_BACK:
            again = f"azml rollout retry {name} tries this one again"
            return f"azml release {name} deploys another version; {again}."
        case Phase.SUCCEEDED:
            return (
                f"Nothing is left to do; azml rollback {name} goes back to {back}."
                if head.stable
                else "Nothing is left to do."
            )
        case Phase.WAITING:
            return f"azml rollout approve {name} continues; {abort}."
    return f"azml rollout pause {name} stops it here; {abort}."


def notice(document: Document, state: State, phase: Phase, now: float) -> str:
    """What a webhook is told of a phase that was reached, as JSON."""
    head = document.head
    said = {
        "endpoint": head.endpoint,
        "rollout": head.number,
        "stable": head.stable,
        "candidate": head.candidate,
        "bundle": head.bundle,
        "reached": phase.value,
        "state": state.phase.value,
        "sentence": sentence(head, document.plan, state, now),
        "advice": advice(head, state),
    }
    return json.dumps(said)
