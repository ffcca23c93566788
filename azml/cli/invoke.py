"""`azml invoke`: one request, one answer."""

from pathlib import Path
from typing import Annotated

import typer

from azml.cli import endpoints, machine_learning, names, stacks
from azml.cli.clone import find_clone
from azml.cli.options import EndpointArgument, StackOption


def invoke(
    endpoint: EndpointArgument,
    file: Annotated[
        Path, typer.Option("--file", "-f", exists=True, dir_okay=False, help="The request, a JSON file.")
    ],
    deployment: Annotated[
        str | None, typer.Option("--deployment", "-d", metavar="SLOT", help="Ask this deployment only.")
    ] = None,
    stack: StackOption = None,
) -> None:
    """Send a request to an endpoint, or to one of its deployments, and print the answer."""
    chosen = stacks.choose(find_clone(), stack)
    connection = stacks.connect(chosen)
    found = endpoints.read(connection, names.in_azure(chosen.file, endpoint))
    if deployment is not None:
        found.deployment(deployment)
    # The answer is the model's: not a character of ours may come between.
    typer.echo(machine_learning.invoke(connection, found.name, deployment, file))
