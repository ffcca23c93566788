"""`azml adopt`: add existing resources in Azure to a stack's state, for example after the state was lost."""

import shlex
import sys
from typing import Annotated

import typer

from azml.cli import terminal
from azml.cli.clone import find_clone
from azml.cli.failure import CommandError, InputError
from azml.cli.local import local_azure
from azml.cli.local.engine import Engine, environment
from azml.cli.local.lifecycle import find_pulumi
from azml.cli.options import StackOption
from azml.cli.recovery import adoption, recovery
from azml.cli.recovery.adoption import Found
from azml.cli.stacks import stacks
from azml.cli.terminal import step


def adopt(
    stack: StackOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Add all of them without asking.")] = False,
) -> None:
    """Add resources that exist in Azure, and that an update of the stack would create, to the stack's state.

    Resources are found by their names; properties that are not as declared are shown before you are asked.
    Nothing in Azure changes: the next update writes what differs.
    """
    clone = find_clone()
    chosen = stacks.choose(clone, stack)
    connection = stacks.connect(chosen)
    with local_azure.alone(clone):
        azure = local_azure.required(clone).environment() if chosen.local else {}
        pulumi = find_pulumi()
        engine = Engine(pulumi, chosen.project, chosen.name, environment(clone, pulumi, azure), clone.work)
        if chosen.local:
            recovery.free_stack(clone, engine)
            recovery.select_stack(clone, engine)
        else:
            require_stack(engine)
        with step(f"Previewing what stack {chosen.name} would create") as current:
            planned, found = adoption.look(engine, connection)
            current.done(f"{len(planned.created)} resources, {len(found)} of them exist")
        if not found:
            return
        require_in_place(found)
        for one in found:
            terminal.out().print(line(one))
        require_leave(chosen.name, len(found), yes=yes)
        with step(f"Adding them to stack {chosen.name}") as current:
            adoption.adopt(engine, planned, found)
            current.done("done; pulumi preview shows what an update would change")


def require_stack(engine: Engine) -> None:
    """Raises InputError when the backend has no such stack."""
    if engine.stack not in {one["name"].rpartition("/")[2] for one in engine.json("stack", "ls", "--json")}:
        at = shlex.quote(str(engine.project))
        raise InputError(
            f"the state's backend has no stack {engine.stack}",
            f"create it, with its existing settings: pulumi -C {at} stack init {engine.stack}",
        )


def line(one: Found) -> str:
    """A short description of an existing resource, and its id."""
    differs = ", ".join(one.differs)
    return f"{one.kind} {one.name}: {f'differs in {differs}' if differs else 'as declared'}\n  {one.id}"


def require_in_place(found: list[Found]) -> None:
    """Raises InputError for what the next update would delete and recreate: Azure cannot move resources."""
    elsewhere = [one for one in found if "location" in one.differs]
    if elsewhere:
        places = ", ".join(f"{one.kind} {one.name} is in {one.actual.get('location')}" for one in elsewhere)
        raise InputError(
            f"not in the location where the stack would create it: {places}",
            "set azure-native:location to that, or give the stack's resource another name",
        )


def require_leave(stack: str, count: int, *, yes: bool) -> None:
    """Ask whether to continue. Raises CommandError for a no, InputError without a terminal to ask on."""
    if yes:
        return
    if not interactive():
        raise InputError("cannot ask for confirmation here", "check the list, then add --yes")
    if not typer.confirm(f"Add these {count} to stack {stack}?", err=True):
        raise CommandError("nothing was added")


def interactive() -> bool:
    """Whether there is a terminal to ask on."""
    return sys.stdin.isatty()
