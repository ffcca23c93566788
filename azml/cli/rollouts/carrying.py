"""Carries an endpoint's latest rollout out in this process, and speaks to one that another process has."""

import contextlib
import signal
from collections.abc import Iterator

import typer
from rich.markup import escape

from azml.cli import terminal
from azml.cli.failure import CommandError, ExitCode
from azml.cli.rollouts import outcome, people, view
from azml.cli.rollouts.screen import Screen
from azml.cli.rollouts.session import Session
from azml.cli.rollouts.slots import Slots
from azml.rollout.deciding.state import ENDED, NOT_UNDER_WAY, Phase, State
from azml.rollout.deciding.status import status
from azml.rollout.driving import starting
from azml.rollout.driving.driver import RESTING, Driver
from azml.rollout.driving.ports import Conflict, Unavailable
from azml.rollout.driving.starting import Kept
from azml.rollout.journals.journal import Wish

LEFT = RESTING | {Phase.RETIRING}
"""Phases in which nothing is to be watched: the process ends, and `resume` goes on where there is more."""


def carry(session: Session, *, as_json: bool, until: frozenset[Phase] = LEFT) -> None:
    """Carry the latest rollout on until one of these phases; the exit code is its outcome."""
    try:
        state = carried(session, as_json=as_json, until=until)
    except KeyboardInterrupt:
        key = session.declared.key
        raise CommandError(
            f"interrupted; the rollout of {key} stays where it is, and no process carries it out",
            f"to go on: azml rollout resume {key}; to go back: azml rollout abort {key}",
            ExitCode.INTERRUPTED,
        ) from None
    end(session, state, as_json=as_json)


def carried(session: Session, *, as_json: bool, until: frozenset[Phase]) -> State:
    """Carry the latest rollout on until one of these phases: the state then."""
    kept = session.required()
    _take_over(session, kept)
    head = kept.document.head
    ports = session.ports(Slots(head.stable, head.candidate), kept.document.plan)
    with _ended_gently(), Screen(session, as_json=as_json, after=kept.document.entries[-1].at) as screen:
        return Driver(ports, people.holder(), watch=screen.tell).run(until, screen.turned).state


@contextlib.contextmanager
def _ended_gently() -> Iterator[None]:
    """A pipeline that cancels its job ends this like Ctrl-C, so that the lease is given back."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _take_over(session: Session, kept: Kept) -> None:
    """Give back the lease of a process of this machine that was killed, which would run for minutes."""
    if not people.gone(kept.document.head.holder):
        return
    with contextlib.suppress(Conflict, Unavailable):  # then the lease is waited for
        session.store.write(kept.document.under("", 0.0).text, kept.saved.etag)


def resume(session: Session, *, stable_is_broken: bool, as_json: bool) -> None:
    """Go on with a rollout that is paused, or that nobody carries out.

    A plan that has changed since it began ends it, or not, as its own `plan_changed` says.
    """
    session.required()
    with _journal():
        starting.compare_plan(session.store, session.judged().plan)
    if stable_is_broken:
        ask(session, "stable_is_broken")
    elif session.required().state.phase is Phase.PAUSED:
        ask(session, "resume")
    carry(session, as_json=as_json)


def abort(session: Session, *, as_json: bool) -> None:
    """Withdraw a rollout, and wait until the traffic is back: that is what was asked, and no failure."""
    ask(session, "abort")
    state = carried(session, as_json=as_json, until=ENDED)
    with contextlib.suppress(typer.Exit):
        end(session, state, as_json=as_json)


def supersede(session: Session, *, as_json: bool) -> None:
    """End an unfinished rollout, as another one takes its place; nothing where none has written anything."""
    kept = session.latest()
    if kept is not None and kept.state.phase not in NOT_UNDER_WAY:
        ask(session, "supersede")
        carried(session, as_json=as_json, until=ENDED)


def wish(session: Session, what: Wish) -> None:
    """Write down what a person wants, for whoever carries the rollout out."""
    state = ask(session, what)
    kept = session.required()
    typer.echo(f"{session.name}: {view.summary(kept.document.plan, state)}", err=True)
    if state.phase not in LEFT and not kept.document.head.held("", kept.saved.now):
        typer.echo(f"no process carries it out now: azml rollout resume {session.declared.key}", err=True)


def end(session: Session, state: State, *, as_json: bool) -> None:
    """Say how it stands and what to do next, and end with the exit code of that."""
    if not as_json:
        kept = session.required()
        now = status(kept.document, state, kept.saved.now)
        terminal.out().print(f"{escape(now.sentence)} {escape(now.advice)}")
    if (code := outcome.code(state)) is not ExitCode.DONE:
        raise typer.Exit(code)


def ask(session: Session, what: Wish) -> State:
    """Write down what a person wants: the state after it. Raises CommandError where it makes no sense."""
    session.required()
    with _journal():
        return starting.ask(session.store, what, people.asker())


@contextlib.contextmanager
def _journal() -> Iterator[None]:
    """What is written to a journal by a command, or why it is not."""
    try:
        yield
    except starting.Refused as refused:
        raise CommandError(str(refused)) from refused
    except Unavailable as failed:
        raise CommandError(str(failed), "run it again") from failed
