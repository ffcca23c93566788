"""`azml adopt`: add existing resources in Azure to a stack's state, for example after the state was lost."""

from typing import Annotated

import typer

from azml.cli.clone import find_clone
from azml.cli.local import local_azure
from azml.cli.options import StackOption
from azml.cli.recovery import adopting
from azml.cli.stacks import stacks
from azml.cli.stacks.engines import engine_of


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
        engine = engine_of(chosen)
        adopting.prepare(clone, chosen, engine)
        planned, found = adopting.look(engine, connection)
        if found:
            adopting.add(engine, planned, found, yes=yes)
