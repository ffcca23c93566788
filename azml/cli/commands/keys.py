"""`azml keys`: credentials for requests. A key goes to another program, never to a terminal or a file."""

import sys

import typer

from azml.cli.clone import find_clone
from azml.cli.endpoints import endpoints
from azml.cli.failure import InputError
from azml.cli.options import EndpointArgument, StackOption
from azml.cli.stacks import names, stacks

keys = typer.Typer(no_args_is_help=True, help="Credentials for requests.")


@keys.command()
def header(endpoint: EndpointArgument, stack: StackOption = None) -> None:
    """Write the Authorization header of an endpoint, for another program to read.

    As in: curl -H "$(azml keys header diabetes)" ...
    """
    if sys.stdout.isatty():
        raise InputError(
            "a key is not shown on a terminal", f'pass it on: curl -H "$(azml keys header {endpoint})" ...'
        )
    chosen = stacks.choose(find_clone(), stack)
    connection = stacks.connect(chosen)
    found = endpoints.read(connection, names.in_azure(chosen.file, endpoint))
    typer.echo(f"Authorization: Bearer {endpoints.bearer(connection, found)}")
