"""Who owns an endpoint's shares while a rollout of it is not finished: the rollout, and a person by it."""

from collections.abc import Mapping
from typing import NamedTuple

import typer

from azml.cli.failure import CommandError
from azml.cli.rollouts import carrying
from azml.cli.rollouts.session import Session, has_plan, session_of
from azml.cli.stacks.stacks import Stack
from azml.rollout.deciding.state import ENDED, NOT_UNDER_WAY
from azml.rollout.deciding.status import status
from azml.rollout.driving.starting import Kept
from azml.rollout.plan import RetireStep
from azml.stack.stack_file import StackEndpoint


class Back(NamedTuple):
    """Where a rollout says that a rollback goes, and whether one was withdrawn that is to be finished."""

    slot: str | None
    withdrawn: bool


NOWHERE = Back(None, False)


def require_none(stack: Stack, declared: StackEndpoint, what: str) -> None:
    """Raises CommandError where `what` would interfere with a rollout; without a plan nothing is asked."""
    if not has_plan(stack, declared):
        return
    session = session_of(stack, declared)
    kept = unfinished(session)
    if kept is not None:
        now = status(kept.document, kept.state, kept.saved.now)
        raise CommandError(f"{what} would interfere with a rollout: {now.sentence}", now.advice)


def unfinished(session: Session) -> Kept | None:
    """The rollout that is not finished. One whose old slot is free by now is finished with this."""
    kept = session.latest()
    if kept is None or kept.state.phase in NOT_UNDER_WAY:
        return None
    step = kept.document.plan.steps[kept.state.step]
    if isinstance(step, RetireStep) and kept.saved.now - kept.state.entered >= step.after:
        carrying.carried(session, as_json=False, until=ENDED)
        return None
    return kept


def withdraw_first(stack: Stack, declared: StackEndpoint, live: Mapping[str, int]) -> Back:
    """Have an unfinished rollout withdrawn, before a rollback moves its traffic.

    `live` are the shares that hold now. Raises CommandError where no deployment had traffic before.
    """
    if not has_plan(stack, declared):
        return NOWHERE
    session = session_of(stack, declared)
    kept = unfinished(session)
    if kept is None:
        return _last(session, live)
    head = kept.document.head
    if not head.stable:
        require_none(stack, declared, "a rollback, with nothing to go back to,")
    if not kept.state.withdrawing:
        carrying.ask(session, "abort")
        typer.echo(f"the rollout of {head.candidate} is withdrawn with this", err=True)
    return Back(head.stable, True)


def _last(session: Session, live: Mapping[str, int]) -> Back:
    """The slot that had the traffic before the last rollout, where its candidate has all of it now."""
    kept = session.latest()
    if kept is None or live != {kept.document.head.candidate: 100}:
        return NOWHERE
    return Back(kept.document.head.stable or None, False)


def finish(stack: Stack, declared: StackEndpoint) -> None:
    """Bring the journal of a rollout that was withdrawn to its end."""
    carrying.carried(session_of(stack, declared), as_json=False, until=ENDED)
