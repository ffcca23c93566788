"""What the entries of a journal add up to."""

from collections.abc import Iterable

from azml.rollout.deciding.moves import (
    advanced,
    confirmed,
    entered,
    following,
    gates_in,
    least,
    paused,
    withdrawn,
)
from azml.rollout.deciding.state import ENDED, Phase, State
from azml.rollout.deciding.wishes import asked
from azml.rollout.gates import RateGate
from azml.rollout.journals import journal
from azml.rollout.journals.journal import BrokenJournal, Entry
from azml.rollout.judging.looks import NO_LOOK, added, disturbs
from azml.rollout.plan import Plan, RetireStep, ShadowStep, Step, TrafficStep
from azml.rollout.statistics.disturbances import MOST

SHARING = (journal.Started, journal.Intended)


def replay(plan: Plan, entries: Iterable[Entry]) -> State:
    """The state that a journal adds up to. Raises BrokenJournal."""
    state = State()
    for number, entry in enumerate(entries, 1):
        state = followed(plan, state, entry, number)
    return state


def followed(plan: Plan, state: State, entry: Entry, number: int) -> State:
    """The state after an entry that was read. Raises BrokenJournal where no rollout writes it there."""
    if isinstance(entry, SHARING) and not entry.shares.sound:
        raise BrokenJournal(f"entry {number}: shares that Azure refuses: {entry.shares.said}")
    try:
        return apply(plan, state, entry)
    except (IndexError, KeyError, TypeError, AttributeError) as broken:
        raise BrokenJournal(f"entry {number}: does not follow from those before: {entry}") from broken


def apply(plan: Plan, state: State, entry: Entry) -> State:
    """The state after one more entry."""
    after = _apply(plan, state, entry)
    if plan.notify and after.phase is not state.phase:
        new = tuple((after.phase, one.webhook) for one in plan.notify if after.phase in one.on)
        return after._replace(untold=after.untold + new)
    return after


def _apply(plan: Plan, state: State, entry: Entry) -> State:
    match entry:
        case journal.Looked():
            return _looked_at(plan, state, entry)
        case journal.Started():
            return _started(plan, entry)
        case journal.Intended(at, shares):
            again = shares == state.shares
            return state._replace(intended=shares, written=None, since=at, rewritten=state.rewritten or again)
        case journal.Written(at):
            return state._replace(written=at)
        case journal.Confirmed(at):
            return confirmed(state, at)
        case journal.Entered(at, step):
            return entered(plan, state, at, step)
        case journal.Advanced(at, reason):
            return advanced(plan, state, at, reason)
        case journal.Extended(_, reason):
            return state._replace(extended=state.extended + 1, reason=reason)
        case journal.Paused(at, reason):
            return paused(state, at, reason)
        case journal.Withdrawn(at, reason):
            return withdrawn(state, at, reason)
        case journal.Stuck(_, reason):
            return state._replace(phase=Phase.STUCK, reason=reason)
        case journal.Asked():
            return asked(plan, state, entry)
        case journal.Noted(_, reason):
            return state._replace(noted=True, reason=f"{state.reason}; {reason}" if state.reason else reason)
        case journal.Changed():
            return _changed(plan, state, entry.at)
        case journal.Told(_, phase, webhook):
            return state._replace(untold=tuple(one for one in state.untold if one != (phase, webhook)))


def _started(plan: Plan, entry: journal.Started) -> State:
    return State(
        phase=Phase.SHIFTING,
        step=following(plan, -1, alone=entry.shares.stable == 0),
        shares=entry.shares,
        back=entry.shares,
        earlier=frozenset({entry.shares}),
        started=entry.at,
        since=entry.at,
    )


LAST: list[tuple[Plan, State, journal.Looked, State]] = []
"""The look that was added last: an engine adds it to decide, and its driver once it is journalled."""


def _looked_at(plan: Plan, state: State, entry: journal.Looked) -> State:
    for known_plan, before, known, after in LAST:
        if known is entry and before is state and known_plan is plan:
            return after
    after = _looked(plan, state, entry)
    LAST[:] = [(plan, state, entry, after)]
    return after


def _looked(plan: Plan, state: State, entry: journal.Looked) -> State:
    """Only seconds count in which every gate's look has found something out of the candidate."""
    step = plan.steps[state.step]
    over = isinstance(step, ShadowStep | TrafficStep) and state.measured >= step.least
    tallies, calm = dict(state.tallies), True
    for gate in gates_in(plan, state):
        if over and isinstance(gate, RateGate) and gate.evidence == "fixed":
            continue  # looked at once: what comes later is no evidence
        before = tallies[gate.name]
        tallies[gate.name] = after = added(before, entry.looks.get(gate.name, NO_LOOK))
        calm = calm and not disturbs(before, after)
    whole = not any(tally.failed_looks for tally in tallies.values())
    gap = max(0.0, entry.at - state.looked) if whole else 0.0
    counts = calm or _waited_enough(step, state, entry.at)
    measured = state.measured + gap if counts else state.measured
    return state._replace(tallies=tallies, measured=measured, looked=entry.at)


def _waited_enough(step: Step, state: State, at: float) -> bool:
    """Whether the seconds that did not count are many already: a step is longer by so much and no more."""
    return at - state.entered - state.measured > MOST * least(step)


def _changed(plan: Plan, state: State, at: float) -> State:
    """By the plan that the rollout began with: it ends, or goes on as it began."""
    settled = state.phase in ENDED or state.withdrawing or isinstance(plan.steps[state.step], RetireStep)
    if settled or plan.plan_changed == "carry_on":
        return state
    return withdrawn(state, at, "the stack's plan has changed since it began", Phase.ABORTED)
