"""`azml rollout rehearse`: what a plan would decide, before it is trusted with traffic."""

from pathlib import Path
from typing import Annotated

import typer

from azml.cli import terminal
from azml.cli.clone import find_clone
from azml.cli.commands.rollout.plans import PerMinuteOption, PlanOption
from azml.cli.commands.rollout.report import OutputOption
from azml.cli.commands.rollout.run import SlotOption
from azml.cli.failure import ExitCode, InputError
from azml.cli.options import EndpointArgument, JsonOption, StackOption
from azml.cli.stacks import stacks


def rehearse(
    endpoint: EndpointArgument,
    requests: Annotated[
        Path | None,
        typer.Option("--requests", metavar="FILE", help="Requests that both deployments answer, one a line."),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option("--journal", metavar="FILE", help="The journal of an earlier rollout, as evidence."),
    ] = None,
    plan: PlanOption = None,
    slot: SlotOption = None,
    per_minute: PerMinuteOption = None,
    output: OutputOption = None,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a plan would decide, in seconds: no weight of the endpoint is written."""
    from azml.cli.endpoints.todays_traffic import rate  # not at every command's start
    from azml.cli.release import plans
    from azml.cli.rollouts import outcome, rehearsing, reporting
    from azml.cli.rollouts.session import session_of
    from azml.rollout.report.page import page

    chosen = stacks.choose(find_clone(), stack)
    declared = chosen.file.endpoint(endpoint)
    read = plans.read(chosen, declared, plan)
    if (requests is None) == (journal is None):
        raise InputError("a rehearsal needs evidence", "name one of --requests FILE and --journal FILE")
    if requests is not None:
        traffic = rate(chosen, declared, per_minute)
        found = rehearsing.on_requests(session_of(chosen, declared), read, requests, slot, traffic)
    elif journal is not None:
        found = rehearsing.on_journal(read, journal)
    if output is not None:
        reporting.write(output, page(found.report))
    if as_json:
        terminal.machine(rehearsing.document(found))
    else:
        for line in rehearsing.lines(found):
            terminal.out().print(line, markup=False)
    if (code := outcome.code(found.state)) is not ExitCode.DONE:
        raise typer.Exit(code)
