"""`azml invoke`: one request, one answer."""

import json
from pathlib import Path
from typing import Annotated

import typer

from azml.cli import endpoints, names, scoring, stacks
from azml.cli.clone import find_clone
from azml.cli.failure import InputError
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
    request = _read(file)
    chosen = stacks.choose(find_clone(), stack)
    connection = stacks.connect(chosen)
    found = endpoints.read(connection, names.in_azure(chosen.file, endpoint))
    if deployment is not None:
        found.deployment(deployment)
    answer = scoring.send(found.scoring_uri, endpoints.bearer(connection, found), deployment, request)
    # The answer is the model's: not a character of ours may come between.
    typer.echo(answer)


def _read(file: Path) -> object:
    """The request; raises InputError when it is no JSON."""
    try:
        return json.loads(file.read_bytes())
    except ValueError as broken:
        raise InputError(f"{file} is no JSON: {broken}") from None
