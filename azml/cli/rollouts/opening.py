"""How a rollout of an endpoint begins, or why it does not."""

from functools import partial
from typing import NamedTuple

import typer

from azml.cli.endpoints.todays_traffic import rate
from azml.cli.failure import CommandError
from azml.cli.release import explained
from azml.cli.rollouts import people, versions
from azml.cli.rollouts.notices import Webhooks
from azml.cli.rollouts.refusals import refusals, unfinished, unusable
from azml.cli.rollouts.session import Session
from azml.cli.rollouts.slots import choose
from azml.cli.rollouts.sources import collected
from azml.findings import InvalidInput
from azml.rollout.driving import starting
from azml.rollout.driving.ports import Unavailable
from azml.rollout.driving.starting import Opening
from azml.rollout.journals.document import Document


class Wanted(NamedTuple):
    """What a person asks for.

    `slot` is the candidate (None: the idle one), `per_minute` today's requests (None: they are measured);
    `retry` is of a version that was rolled back before.
    """

    slot: str | None = None
    per_minute: float | None = None
    stable_is_broken: bool = False
    retry: bool = False


def open_rollout(session: Session, wanted: Wanted) -> Document:
    """Begin a rollout of the idle slot's version by the stack's plan.

    Raises InvalidInput with every reason why it would not come to an end, CommandError where it may not
    begin.
    """
    plan, notes = session.judged()
    for line in notes:
        typer.echo(line, err=True)
    found = session.found()
    slots = choose(found, wanted.slot)
    capacity = explained.capacity(session.declared, slots.stable)
    kept = partial(collected.bodies, session.connection, session.name, slots.stable)
    findings = [
        *refusals(found, slots, capacity),
        *unusable(plan, session.declared.folder, kept if slots.stable else None),
    ]
    if slots.stable and not wanted.stable_is_broken:
        findings += unfinished(plan, rate(session.stack, session.declared, wanted.per_minute))
    findings += Webhooks(session.stack).problems(plan.notify)
    if findings:
        raise InvalidInput(findings)
    bundle = found.deployment(slots.candidate).serves or ""
    opening = Opening(
        session.declared.key,
        slots.stable,
        slots.candidate,
        bundle,
        plan,
        people.asker(),
        wanted.retry,
        wanted.stable_is_broken,
    )
    try:
        document = starting.begin(session.ports(slots, plan), opening)
    except starting.Refused as refused:
        raise CommandError(str(refused)) from refused
    except Unavailable as failed:
        raise CommandError(f"the rollout has not begun: {failed}", "run it again") from failed
    versions.note(session, document)
    return document
