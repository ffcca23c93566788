"""`azml adopt`: take into a stack's state what Azure has of it, as after the state was lost."""

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
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take all of them without asking.")] = False,
) -> None:
    """Take what exists in Azure, and an update of the stack would create, into the stack's state.

    Resources are known by their names; what of them is not as declared is shown before you are asked. Nothing
    in Azure changes: the next update writes what differs.
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
        with step(f"Asking what stack {chosen.name} would make") as current:
            planned, found = adoption.look(engine, clone.work, connection)
            current.done(f"{len(planned.created)} resources, {len(found)} of them exist")
        if not found:
            return
        require_in_place(found)
        for one in found:
            terminal.out().print(line(one))
        require_leave(chosen.name, len(found), yes=yes)
        with step(f"Taking them into stack {chosen.name}") as current:
            adoption.adopt(engine, clone.work, planned, found)
            current.done("done; pulumi preview shows what an update would change")


def require_stack(engine: Engine) -> None:
    """Raises InputError where the state's backend does not know the stack."""
    if engine.stack not in {one["name"].rpartition("/")[2] for one in engine.json("stack", "ls", "--json")}:
        at = shlex.quote(str(engine.project))
        raise InputError(
            f"the backend of the state knows no stack {engine.stack}",
            f"make it, with the settings it has: pulumi -C {at} stack init {engine.stack}",
        )


def line(one: Found) -> str:
    """What is known of a resource that exists, in one line."""
    differs = ", ".join(one.differs)
    return f"{one.kind} {one.name}: {f'differs in {differs}' if differs else 'as declared'}\n  {one.id}"


def require_in_place(found: list[Found]) -> None:
    """Raises InputError for what the next update would delete and make anew: Azure moves nothing."""
    elsewhere = [one for one in found if "location" in one.differs]
    if elsewhere:
        told = ", ".join(f"{one.kind} {one.name} is in {one.actual.get('location')}" for one in elsewhere)
        raise InputError(
            f"not where the stack would make it: {told}",
            "set azure-native:location to that, or give what the stack makes another name",
        )


def require_leave(stack: str, count: int, *, yes: bool) -> None:
    """Ask whether to go on. Raises CommandError for a no, InputError where nobody can be asked."""
    if yes:
        return
    if not interactive():
        raise InputError("nobody to ask whether to take them", "look at the list, then add --yes")
    if not typer.confirm(f"Take these {count} into stack {stack}?", err=True):
        raise CommandError("nothing was taken")


def interactive() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()
