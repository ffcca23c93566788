"""Adds existing resources to a stack's state, after showing them and asking."""

import shlex
import sys
from collections.abc import Iterable

import typer

from azml.cli import terminal
from azml.cli.clone import Clone
from azml.cli.failure import CommandError, InputError
from azml.cli.local.engine import Engine
from azml.cli.recovery import adoption, recovery
from azml.cli.recovery.adoption import Found, Plan
from azml.cli.stacks.stacks import LOCAL, Connection, Stack
from azml.cli.terminal import step


def prepare(clone: Clone, chosen: Stack, engine: Engine) -> None:
    """Make the stack usable. Raises InputError where it has to be created first."""
    if chosen.name == LOCAL:
        recovery.free_stack(clone, engine)
        recovery.select_stack(clone, engine)
    else:
        _require_stack(engine)


def look(engine: Engine, connection: Connection) -> tuple[Plan, list[Found]]:
    """What an update would create, and what of it exists. Raises CommandError, InputError."""
    with step(f"Previewing what stack {engine.stack} would create") as current:
        planned, found = adoption.look(engine, connection)
        current.done(f"{len(planned.created)} resources, {len(found)} of them exist")
    require_in_place(found)
    return planned, found


def add(engine: Engine, planned: Plan, found: list[Found], *, yes: bool) -> None:
    """Show the resources, ask, and add them to the state. Raises CommandError for a no."""
    for one in found:
        terminal.out().print(_line(one))
    _require_leave(engine.stack, len(found), yes=yes)
    with step(f"Adding them to stack {engine.stack}") as current:
        adoption.adopt(engine, planned, found)
        current.done("done; pulumi preview shows what an update would change")


def _require_stack(engine: Engine) -> None:
    """Raises InputError when the backend has no such stack."""
    if engine.stack not in {one["name"].rpartition("/")[2] for one in engine.json("stack", "ls", "--json")}:
        at = shlex.quote(str(engine.project))
        raise InputError(
            f"the state's backend has no stack {engine.stack}",
            f"create it, with its existing settings: pulumi -C {at} stack init {engine.stack}",
        )


def _line(one: Found) -> str:
    """A short description of an existing resource, and its id."""
    differs = ", ".join(one.differs)
    return f"{one.kind} {one.name}: {f'differs in {differs}' if differs else 'as declared'}\n  {one.id}"


def require_in_place(found: Iterable[Found]) -> None:
    """Raises InputError for what the next update would delete and recreate: Azure cannot move resources."""
    elsewhere = [one for one in found if "location" in one.differs]
    if elsewhere:
        places = ", ".join(f"{one.kind} {one.name} is in {one.actual.get('location')}" for one in elsewhere)
        raise InputError(
            f"not in the location where the stack would create it: {places}",
            "set azure-native:location to that, or give the stack's resource another name",
        )


def require_somebody(*, yes: bool) -> None:
    """Raises InputError where a question would have to be asked and there is no terminal."""
    if not yes and not interactive():
        raise InputError("cannot ask for confirmation here", "check the list, then add --yes")


def _require_leave(stack: str, count: int, *, yes: bool) -> None:
    """Ask whether to continue. Raises CommandError for a no, InputError without a terminal to ask on."""
    require_somebody(yes=yes)
    if not yes and not typer.confirm(f"Add these {count} to stack {stack}?", err=True):
        raise CommandError("nothing was added")


def interactive() -> bool:
    """Whether there is a terminal to ask on."""
    return sys.stdin.isatty()
