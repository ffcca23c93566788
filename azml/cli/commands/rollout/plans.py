"""`azml rollout explain` and `lint`: what a plan takes, and whether its gates can decide."""

from typing import Annotated

import typer

from azml.cli import terminal
from azml.cli.clone import find_clone
from azml.cli.endpoints.todays_traffic import today
from azml.cli.options import EndpointArgument, JsonOption, StackOption
from azml.cli.stacks import stacks

PlanOption = Annotated[
    str | None,
    typer.Option(
        "--plan",
        metavar="PLAN",
        help="This plan, not the stack file's: dev, canary, prod, or a file below the endpoint's folder.",
    ),
]

PerMinuteOption = Annotated[
    float | None,
    typer.Option(
        "--requests-per-minute",
        metavar="N",
        min=0,
        help="Of the endpoint. Without it, its metrics of the last hour are read.",
    ),
]


def explain_(
    endpoint: EndpointArgument,
    plan: PlanOption = None,
    per_minute: PerMinuteOption = None,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what an endpoint's plan takes: shares, minutes, requests needed, and the time to a verdict."""
    from azml.cli.release import explained, plans  # not at every command's start
    from azml.rollout.planning.explain import explain

    chosen = stacks.choose(find_clone(), stack)
    declared = chosen.file.endpoint(endpoint)
    read = plans.read(chosen, declared, plan)
    slots = explained.slots_of(declared)
    needed: explained.Needed = "the traffic was said, so Azure was not asked"
    if per_minute is None:
        now = today(chosen, declared)
        per_minute, needed = now.per_minute, explained.vcpus(now, slots)
    found = explain(read, per_minute)
    if as_json:
        terminal.machine(explained.document(found, per_minute, slots, needed))
        return
    console = terminal.out()
    console.print(
        f"{declared.key} at {round(per_minute, 1):g} requests a minute; a candidate without errors needs:"
    )
    console.print(explained.table(found))
    for line in explained.sums(found, slots, needed):
        console.print(line)


def lint(endpoint: EndpointArgument, plan: PlanOption = None, stack: StackOption = None) -> None:
    """Prove with made-up data that each gate of an endpoint's plan can pass and can fail."""
    from azml.cli.release import explained, plans
    from azml.cli.rollouts.sources import functions

    chosen = stacks.choose(find_clone(), stack)
    declared = chosen.file.endpoint(endpoint)
    read = plans.read(chosen, declared, plan)
    for line in [*explained.proved(read), *functions.proved(read, declared.folder)]:
        typer.echo(line)
