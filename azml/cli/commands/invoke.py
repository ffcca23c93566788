"""`azml invoke`: send one request and print the answer."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from azml.cli.clone import find_clone
from azml.cli.endpoints import endpoints, scoring
from azml.cli.options import EndpointArgument, StackOption
from azml.cli.stacks import names, stacks


def invoke(
    endpoint: EndpointArgument,
    file: Annotated[
        Path,
        typer.Option(
            "--file", "-f", exists=True, dir_okay=False, help="The request: any file, sent as it is."
        ),
    ],
    deployment: Annotated[
        str | None,
        typer.Option("--deployment", "-d", metavar="SLOT", help="Send it to this deployment only."),
    ] = None,
    content_type: Annotated[
        str | None,
        typer.Option(metavar="TYPE", help="The file's type, such as image/png. Default: by its extension."),
    ] = None,
    stack: StackOption = None,
) -> None:
    """Send a request to an endpoint, or to one of its deployments, and print the answer."""
    request = scoring.read_request(file, content_type)
    chosen = stacks.choose(find_clone(), stack)
    connection = stacks.connect(chosen)
    found = endpoints.read(connection, names.in_azure(chosen.file, endpoint))
    if deployment is not None:
        found.deployment(deployment)
    bearer = endpoints.bearer(connection, found)
    answer = scoring.send(found.name, found.scoring_uri, bearer, deployment, request)
    # The answer may be binary, such as an image: in a file or a pipe, no byte of ours may follow it.
    typer.echo(answer, nl=sys.stdout.isatty())
