"""How a rollout stands, read from its journal, once or again and again."""

from rich.markup import escape

from azml.azure.errors import AzureError
from azml.cli import terminal
from azml.cli.failure import NotThereError
from azml.cli.rollouts import carrying, view
from azml.cli.rollouts.carrying import LEFT
from azml.cli.rollouts.endpoint import shares_between
from azml.cli.rollouts.screen import Screen
from azml.cli.rollouts.session import Session
from azml.rollout.deciding.events import told_of
from azml.rollout.deciding.state import ENDED, Phase
from azml.rollout.driving.starting import Kept

RESTS = LEFT | {Phase.WAITING, Phase.STUCK}
"""Phases that `status --wait` returns in: the rollout has ended, or waits for a person."""
SECONDS = {True: 0.3, False: 3.0}
"""Between two looks at the journal, on the local Azure and on Azure."""


def status(session: Session, *, wait: bool, as_json: bool) -> None:
    """Show how the latest rollout stands; the exit code is its outcome."""
    kept = session.required()
    while wait and kept.state.phase not in RESTS:
        kept = _later(session)
    if as_json:
        terminal.machine(view.document_of(kept.document, kept.state, kept.saved.now))
    else:
        terminal.out().print(view.tree(kept.document, kept.state, kept.saved.now))
        _tell_what_is_new(session, kept)
    carrying.end(session, kept.state, as_json=as_json)


def _tell_what_is_new(session: Session, kept: Kept) -> None:
    """Say where the traffic is now, where that is not what a rollout left when it ended."""
    head = kept.document.head
    if kept.state.phase not in ENDED:
        return
    try:
        now = shares_between(session.found(), head.stable, head.candidate)
    except (NotThereError, AzureError):
        return  # the journal is there, and says how it ended
    if now != kept.state.shares:
        terminal.out().print(f"The traffic has been moved since then: {escape(now.said)}.")


def follow(session: Session, *, as_json: bool) -> None:
    """Show each event of the latest rollout, those of the past first, until nothing more is to come."""
    shown, kept = 0, session.required()
    number = kept.document.head.number
    with Screen(session, as_json=as_json) as screen:
        while True:
            events = list(told_of(kept.document))
            for event in events[shown:]:
                screen.tell(event)
            shown = len(events)
            screen.redraw()
            if kept.state.phase in LEFT or kept.document.head.number != number:
                break
            kept = _later(session)
    carrying.end(session, kept.state, as_json=as_json)


def _later(session: Session) -> Kept:
    arm = session.connection.arm
    arm.pause(SECONDS[arm.cloud.local])
    return session.required()
