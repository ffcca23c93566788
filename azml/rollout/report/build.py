"""From a journal to its report."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from azml.rollout.deciding.events import Event, told_of
from azml.rollout.deciding.moves import gates_in
from azml.rollout.deciding.state import State
from azml.rollout.deciding.status import advice, sentence
from azml.rollout.gates import CONFIDENCE, AgreementGate, Gate, RateGate
from azml.rollout.journals import journal
from azml.rollout.journals.document import Document
from azml.rollout.journals.journal import Entry
from azml.rollout.judging.looks import Matches, Rates, Replayed, Smoked, Tally, Values
from azml.rollout.plan import Plan
from azml.rollout.report.records import Agreed, Change, Decision, GateSeen, Point, Report, StepSeen
from azml.rollout.statistics import intervals
from azml.rollout.statistics.sequences import difference, interval

MOST_POINTS = 60
"""Of one chart."""
WHAT = {
    "Started": "started",
    "Intended": "shares written",
    "Written": "shares taken",
    "Confirmed": "shares read back",
    "Entered": "step begun",
    "Advanced": "step passed",
    "Extended": "extended",
    "Paused": "paused",
    "Withdrawn": "rolled back",
    "Stuck": "stuck",
    "Told": "notice sent",
}
"""Entries in a reader's words; any other by its own name."""


def report(document: Document, changes: Sequence[Change] | None = None) -> Report:
    """The report of a journal. Raises BrokenJournal."""
    events = list(told_of(document))
    plan, head = document.plan, document.head
    state, ended = (events[-1].state, events[-1].entry.at) if events else (State(), 0.0)
    return Report(
        head.endpoint,
        head.number,
        head.stable,
        head.candidate,
        head.bundle,
        state.phase,
        sentence(head, plan, state, ended),
        advice(head, state),
        state.started,
        ended,
        state.shares,
        tuple(_steps(plan, events)),
        tuple(_decision(plan, event) for event in events if not isinstance(event.entry, journal.Looked)),
        None if changes is None else tuple(changes),
    )


def _decision(plan: Plan, event: Event) -> Decision:
    entry = event.entry
    name = type(entry).__name__
    return Decision(entry.at, WHAT.get(name, name.lower()), _why(plan, event.state, entry))


def _why(plan: Plan, state: State, entry: Entry) -> str:
    match entry:
        case journal.Started(shares=shares) | journal.Intended(shares=shares):
            return shares.said
        case journal.Written():
            return (state.intended or state.shares).said
        case journal.Confirmed():
            return state.shares.said
        case journal.Entered(step=step):
            return f"step {step + 1} of {len(plan.steps)}: {kind(plan, step)}"
        case journal.Asked():
            return f"{entry.what}, by {entry.by}"
    return str(getattr(entry, "reason", ""))


def kind(plan: Plan, step: int) -> str:
    """The kind of a step, in one word."""
    return type(plan.steps[step]).__name__.removesuffix("Step").lower()


def _steps(plan: Plan, events: list[Event]) -> Iterator[StepSeen]:
    """Each time through a step that has looked at something."""
    begun = [place for place, event in enumerate(events) if isinstance(event.entry, journal.Entered)]
    for start, end in itertools.pairwise([*begun, len(events)]):
        entered = events[start]
        looked = [event for event in events[start:end] if event.judgements]
        if looked:
            state = entered.state
            found = tuple(_gate(gate, entered, looked) for gate in gates_in(plan, state))
            yield StepSeen(state.step, kind(plan, state.step), state.shares, entered.entry.at, found)


def _gate(gate: Gate, entered: Event, looked: list[Event]) -> GateSeen:
    judgement = next(one for one in looked[-1].judgements if one.name == gate.name)
    found = _tally(gate, looked[-1]).found
    missing = sum(bool(_tally(gate, event).failed_looks) for event in looked)
    seen = GateSeen(gate, judgement.verdict.value, judgement.why, missing=missing)
    match gate, found:
        case RateGate(), Rates():
            return replace(seen, points=tuple(_points(gate, entered, looked)))
        case _, Values(values=values):
            return replace(seen, values=values)
        case AgreementGate(), Replayed():
            return replace(seen, agreed=tuple(_agreed(gate, found)), mismatches=found.mismatches)
        case _, Smoked(answers=answers):
            return replace(seen, answers=answers)
    return seen


def _tally(gate: Gate, event: Event) -> Tally:
    return event.state.tallies[gate.name]


def _points(gate: RateGate, entered: Event, looked: list[Event]) -> Iterator[Point]:
    """At most MOST_POINTS, evenly spread, the last look among them."""
    every = -(-len(looked) // MOST_POINTS)
    for event in reversed(looked[::-1][::every]):
        found = _tally(gate, event).found
        if isinstance(found, Rates):
            yield _point(gate, found, (event.entry.at - entered.entry.at) / 60)


def _point(gate: RateGate, found: Rates, minute: float) -> Point:
    own, other = found.candidate, found.stable
    if not other.requests:
        return Point(minute, own, other, own.rate, interval(own), gate.limit)
    ratio = (gate.max_ratio - 1) * other.rate if gate.max_ratio else None
    limit = gate.limit - other.rate
    return Point(minute, own, other, own.rate - other.rate, difference(own, other), limit, ratio)


def _agreed(gate: AgreementGate, found: Replayed) -> Iterator[Agreed]:
    """All answers first, then each segment."""
    for segment, counts in (("", found.fields), *sorted(found.segments.items())):
        for one in gate.fields:
            matches = counts.get(one.path, Matches(0, 0))
            low = intervals.lower_bound(matches.equal, matches.compared, CONFIDENCE)
            yield Agreed(segment, one.path, matches, low, one.at_least)
