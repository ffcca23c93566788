"""`azml invoke`: send one request and print the answer."""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from azml.cli.clone import find_clone
from azml.cli.endpoints import endpoints, scoring, telemetry
from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.cli.failure import InputError
from azml.cli.options import EndpointArgument, StackOption
from azml.cli.stacks import names, stacks
from azml.cli.stacks.stacks import Connection


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
    traces: Annotated[
        bool,
        typer.Option(help="Wait until Application Insights has the request, and print what it traced."),
    ] = False,
    stack: StackOption = None,
) -> None:
    """Send a request to an endpoint, or to one of its deployments, and print the answer."""
    request = scoring.read_request(file, content_type)
    chosen = stacks.choose(find_clone(), stack)
    connection = stacks.connect(chosen)
    found = endpoints.read(connection, names.in_azure(chosen.file, endpoint))
    if deployment is not None:
        found.deployment(deployment)
    if traces:
        _traced(connection, found, deployment, request)
    else:
        _answered(connection, found, deployment, request)


def _answered(
    connection: Connection, found: OnlineEndpoint, deployment: str | None, request: scoring.Request
) -> None:
    bearer = endpoints.bearer(connection, found)
    answer = scoring.send(found.name, found.scoring_uri, bearer, deployment, request)
    # The answer may be binary, such as an image: in a file or a pipe, no byte of ours may follow it.
    typer.echo(answer, nl=sys.stdout.isatty())


def _traced(
    connection: Connection, found: OnlineEndpoint, deployment: str | None, request: scoring.Request
) -> None:
    """Send it with an id of its own, and look for that id in Application Insights: also if it failed."""
    if deployment is None:
        raise InputError("--traces looks at one deployment", "name it: --deployment SLOT")
    if not found.deployment(deployment).properties.get("appInsightsEnabled"):
        text = f"{deployment} sends nothing to Application Insights"
        raise InputError(text, "write app_insights_enabled: true into its deployment file, and pulumi up")
    source, client_id, sent = telemetry.find(connection), str(uuid4()), datetime.now(UTC)
    refused = None
    try:
        _answered(connection, found, deployment, replace(request, client_id=client_id))
    except scoring.Refused as failure:
        refused = failure
    typer.echo(f"waiting for request {client_id} in Application Insights", err=True)
    # Microsoft's exporter sends every 5 s, and on Azure one row may come much later than another.
    every, patience = (0.5, 10.0) if connection.stack.local else (10.0, 60.0)
    pause = partial(connection.arm.pause, every)
    for line in telemetry.arrived(source, client_id, sent, pause, patience):
        typer.echo(line, err=True)
    if refused:
        raise refused
