"""`azml rollout report`: the evidence of a rollout, as one HTML file or as JSON."""

from pathlib import Path
from typing import Annotated

import typer

from azml.cli import terminal
from azml.cli.options import EndpointArgument, JsonOption, StackOption

OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Default: ENDPOINT-rollout-N.html in this folder; none with --json.",
    ),
]


def report(
    endpoint: EndpointArgument,
    number: Annotated[
        int | None,
        typer.Option("--number", metavar="N", min=1, help="An earlier rollout. Default: the latest."),
    ] = None,
    output: OutputOption = None,
    journal: Annotated[
        Path | None,
        typer.Option("--journal", metavar="FILE", help="Write the journal too, for rehearse --journal."),
    ] = None,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write what a rollout has changed, seen and decided: one HTML file that needs nothing else."""
    from azml.cli.rollouts import reporting  # not at every command's start
    from azml.cli.rollouts.session import open_session
    from azml.rollout.report import as_json as machine
    from azml.rollout.report.page import page

    session = open_session(endpoint, stack)
    document = reporting.journal_of(session, number)
    found = reporting.report_of(session, document)
    if journal is not None:
        reporting.write(journal, document.text)
    file = output or Path(f"{found.endpoint}-rollout-{found.number}.html")
    if output is not None or not as_json:
        reporting.write(file, page(found))
    if as_json:
        terminal.machine(machine.document(found))
    else:
        terminal.out().print(f"{file}: {found.sentence}", markup=False)
