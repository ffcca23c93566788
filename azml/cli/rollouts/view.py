"""A rollout for a person, as one tree or as a line for each event; and for a machine."""

from datetime import UTC, datetime
from typing import Any

from rich.markup import escape
from rich.tree import Tree

from azml.rollout.counts import times
from azml.rollout.deciding import engine
from azml.rollout.deciding.events import Event
from azml.rollout.deciding.state import ENDED, IN_STEP, Phase, State
from azml.rollout.deciding.status import status
from azml.rollout.durations import minutes
from azml.rollout.journals import journal
from azml.rollout.journals.document import Document, Head
from azml.rollout.judging.verdicts import Judgement, Verdict
from azml.rollout.plan import Plan, RetireStep, ShadowStep, Step, TrafficStep

MARKS = {
    Verdict.PASS: "[green]pass[/green]",
    Verdict.FAIL: "[red]fail[/red]",
    Verdict.INCONCLUSIVE: "[yellow]not yet[/yellow]",
    Verdict.ERROR: "[red]no data[/red]",
}


def tree(document: Document, state: State, now: float) -> Tree:
    """The rollout, its steps, and the gates of the one under way. `now` is the store's time."""
    plan, head = document.plan, document.head
    shown = Tree(f"[bold]{escape(head.endpoint)}[/bold]  {escape(between(head))}  {summary(plan, state)}")
    for place, step in enumerate(plan.steps):
        current = place == state.step and state.phase not in ENDED
        branch = shown.add(
            f"{_mark(place, state)} {place + 1} {named(step)}{_time(step, state, now) if current else ''}"
        )
        if current and state.phase in IN_STEP:
            for judgement in engine.judgements(plan, state):
                branch.add(f"{MARKS[judgement.verdict]}  {escape(judgement.why)}")
    if state.reason:
        shown.add(f"[bold]{escape(state.reason)}[/bold]")
    return shown


def between(head: Head) -> str:
    """From which deployment to which."""
    return f"{head.stable} to {head.candidate}" if head.stable else f"{head.candidate}, the first deployment"


def summary(plan: Plan, state: State) -> str:
    """The phase and the shares that were last read back."""
    shares = state.shares
    mirror = f", {shares.mirror} % mirrored" if shares.mirror else ""
    step = f", step {state.step + 1} of {len(plan.steps)}" if state.phase not in ENDED else ""
    return f"{state.phase.replace('_', ' ')}{step}: the candidate has {shares.candidate} %{mirror}"


def named(step: Step) -> str:
    """A step in words."""
    kind = type(step).__name__.removesuffix("Step").lower()
    if isinstance(step, ShadowStep | TrafficStep):
        return f"{kind} {step.percent} %"
    return f"{kind} after {minutes(step.after)}" if isinstance(step, RetireStep) else kind


def _mark(place: int, state: State) -> str:
    done = place < state.step or state.phase is Phase.SUCCEEDED
    return "[green]*[/green]" if done else ">" if place == state.step and state.phase not in ENDED else " "


def _time(step: Step, state: State, now: float) -> str:
    if isinstance(step, ShadowStep | TrafficStep) and state.phase in IN_STEP:
        extended = f", extended {times(state.extended)}" if state.extended else ""
        return f"  [dim]{state.measured:.0f} of {step.least:.0f} s measured{extended}[/dim]"
    return f"  [dim]for {max(0.0, now - state.since):.0f} s[/dim]" if state.phase in IN_STEP else ""


def line(event: Event) -> str:
    """An event in one line: when, what, and what the gates say."""
    when = f"{datetime.fromtimestamp(event.entry.at, UTC):%H:%M:%S}"
    said = "; ".join(f"{one.verdict}: {one.why}" for one in event.judgements)
    return f"{when} {_said(event)}{f' ({said})' if said else ''}"


def _said(event: Event) -> str:
    entry, plan = event.entry, event.state
    match entry:
        case journal.Started(_, shares):
            return f"rollout {event.head.number} begins: {between(event.head)}, {shares.said}"
        case journal.Intended(_, shares):
            return f"shares to set: {shares.said}"
        case journal.Confirmed():
            return f"shares read back: {plan.shares.said}"
        case journal.Entered(_, step):
            return f"step {step + 1} begins"
        case journal.Looked():
            return f"the gates of step {plan.step + 1} were checked"
        case journal.Asked(_, what, by):
            return f"{what.replace('_', ' ')} was requested by {by}"
        case journal.Written():
            return "Azure has completed the write"
        case journal.Changed():
            return "the stack's plan is no longer the one that the rollout began with"
        case journal.Told(_, phase, webhook, failed):
            return (
                f"{webhook} was {f'not notified of {phase}: {failed}' if failed else f'notified of {phase}'}"
            )
        case _:
            return f"{type(entry).__name__.lower()}: {getattr(entry, 'reason', '')}".rstrip(": ")


def document_of(document: Document, state: State, now: float) -> dict[str, Any]:
    """How a rollout stands, for a machine. Times are seconds since the epoch, shares percents."""
    head, shown = document.head, status(document, state, now)
    return {
        "endpoint": head.endpoint,
        "rollout": head.number,
        "stable": head.stable,
        "candidate": head.candidate,
        "bundle": head.bundle,
        "phase": str(state.phase),
        "step": state.step + 1,
        "steps": len(document.plan.steps),
        "shares": state.shares._asdict(),
        "since": state.since,
        "reason": state.reason,
        "sentence": shown.sentence,
        "advice": shown.advice,
        "gates": [judged(one) for one in shown.judgements],
    }


def judged(one: Judgement) -> dict[str, str]:
    """A verdict for a machine."""
    return {"gate": one.name, "verdict": str(one.verdict), "why": one.why}


def event_of(event: Event) -> dict[str, Any]:
    """An event for a machine, one JSON object a line."""
    return {
        "endpoint": event.head.endpoint,
        "rollout": event.head.number,
        "at": event.entry.at,
        "event": type(event.entry).__name__.lower(),
        "phase": str(event.state.phase),
        "says": _said(event),
        "gates": [judged(one) for one in event.judgements],
    }
