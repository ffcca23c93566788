"""Options and arguments that several commands share."""

from typing import Annotated

import typer

StackOption = Annotated[
    str | None,
    typer.Option(
        "--stack",
        "-s",
        metavar="NAME",
        help="The stack: Pulumi.NAME.yaml. Default: local while the local Azure runs, else the only one.",
    ),
]
EndpointArgument = Annotated[
    str, typer.Argument(metavar="ENDPOINT", help="An endpoint, by its name in the stack file or in Azure.")
]
SlotArgument = Annotated[str, typer.Argument(metavar="SLOT", help="A deployment of the endpoint.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
PortOption = Annotated[
    int,
    typer.Option(
        envvar="AZML_PORT", min=0, max=65535, help="Port of the local Azure on 127.0.0.1; 0 takes a free one."
    ),
]
ScoringPortOption = Annotated[
    int,
    typer.Option(
        envvar="AZML_SCORING_PORT", min=0, max=65535, help="Port of its scoring address; 0 takes a free one."
    ),
]
PORT, SCORING_PORT = 18443, 18444
