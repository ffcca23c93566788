"""`azml import`: take endpoints over that exist in Azure and that no stack of this project has created."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer

from azml.cli.clone import find_clone, working_folder
from azml.cli.failure import CommandError, InputError
from azml.cli.importing import placing, workspace
from azml.cli.importing.blob_names import printable
from azml.cli.importing.workspace import Found
from azml.cli.local import local_azure
from azml.cli.local.engine import Engine
from azml.cli.options import StackOption
from azml.cli.recovery import adopting, adoption
from azml.cli.release.patch import patch
from azml.cli.stacks import stacks
from azml.cli.stacks.engines import engine_of
from azml.cli.stacks.stacks import LOCAL, Connection, Stack
from azml.cli.terminal import step


def import_(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ENDPOINT]...", help="Endpoints in Azure. Default: all of the workspace."),
    ] = None,
    stack: StackOption = None,
    local: Annotated[
        bool, typer.Option("--local", help="Add them to the local stack too, from the downloaded files.")
    ] = False,
    not_secret: Annotated[
        list[str] | None,
        typer.Option(metavar="VARIABLE", help="The value of this environment variable is not a secret."),
    ] = None,
    print_only: Annotated[
        bool, typer.Option("--print", help="Show the change of the stack file; write nothing.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Add them to the stack's state without asking.")
    ] = False,
) -> None:
    """Take over endpoints of the stack's workspace: their files, the stack file's lines, the stack's state.

    What cannot be taken over is listed with the reason, and stays as it is. Nothing in Azure changes.
    """
    clone = find_clone()
    chosen = stacks.choose(clone, stack)
    if local and chosen.local:
        raise InputError("--local is for endpoints of a stack on Azure", "leave it out")
    connection = stacks.connect(chosen)
    with local_azure.alone(clone), working_folder(clone.work, "import") as folder:
        engine = None if print_only else engine_of(chosen)
        if engine:
            adopting.require_somebody(yes=yes)
            adopting.prepare(clone, chosen, engine)
        with step(f"Reading workspace {connection.workspace.name}") as current:
            every = workspace.read(connection, names or ())
            found = workspace.take(connection, every, not_secret or (), folder, current)
            current.done(_sum(found))
        for one in found.taken:
            placing.declare(one, chosen.file)
        _tell(found)
        if engine is None:
            typer.echo(_change(chosen), nl=False)
        elif found.taken or found.known:
            _place(found, chosen)
            if local:
                _place_here(found, chosen, Stack(clone, LOCAL))
            _add_to_state(engine, connection, yes=yes)
    if found.left:
        raise CommandError(
            f"{len(found.left)} of {len(every)} endpoints were not taken over; the reasons are above"
        )


def _sum(found: Found) -> str:
    known = f", {len(found.known)} are in the stack file already" if found.known else ""
    return f"{len(found.taken)} endpoints can be taken over, {len(found.left)} cannot{known}"


def _tell(found: Found) -> None:
    """List what is taken over, and what cannot be, each with its reason."""
    for one in found.taken:
        typer.echo(f"{one.name}: {', '.join(one.files)}")
        for slot, reason in one.unfetched.items():
            typer.echo(f"  {slot}: without its files, so not for another workspace: {printable(reason)}")
    for left in found.left:
        typer.echo(f"{printable(left.name)}: not taken over")
        for reason in left.reasons:
            typer.echo(f"  {printable(reason)}")


def _change(chosen: Stack) -> str:
    return patch(chosen.path, chosen.clone.root, chosen.file.before, chosen.file.text)


def _place(found: Found, chosen: Stack) -> None:
    """Move the folders into place and write the stack file, each as a whole."""
    if not found.taken:
        return
    placing.put(found.taken, chosen)
    say, clone = partial(typer.echo, err=True), chosen.clone
    say(f"{clone.shown(chosen.path)} has {_listed([one.name for one in found.taken])}")
    say(f"their files are in {clone.shown(clone.root / 'scoring')}")


def _place_here(found: Found, chosen: Stack, local: Stack) -> None:
    """Add the endpoints to the local stack, as far as their files are there."""
    names = {*found.known, *(one.name for one in found.taken)}
    if added := placing.declare_here(names, chosen, local):
        typer.echo(f"{chosen.clone.shown(local.path)} has {_listed(added)}; make up runs them here", err=True)


def _add_to_state(engine: Engine, connection: Connection, *, yes: bool) -> None:
    """Add to the stack's state what it declares and does not list; keep the import file."""
    chosen = connection.stack
    planned, found = adopting.look(engine, connection)
    if not found:
        return
    file = chosen.clone.work / f"import-{chosen.name}.json"
    file.write_text(json.dumps(adoption.import_file(planned, found), indent=2))
    typer.echo(f"{chosen.clone.shown(file)} is the import file", err=True)
    adopting.add(engine, planned, found, yes=yes)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
