"""`azml rollout`: what a plan takes, and whether its gates can decide. Nothing here moves traffic."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table

from azml.azure.errors import AzureError
from azml.cli import terminal
from azml.cli.clone import find_clone
from azml.cli.endpoints import endpoints
from azml.cli.failure import CommandError, InputError
from azml.cli.options import EndpointArgument, JsonOption, StackOption
from azml.cli.release import plans, slots
from azml.cli.stacks import names, stacks
from azml.cli.stacks.stacks import Stack
from azml.findings import Finding, InvalidInput
from azml.rollout.explain import Explained, Need, Row, explain
from azml.rollout.lint import Proof, proofs
from azml.rollout.plan import Plan
from azml.rollout.reading import gates
from azml.stack.stack_file import StackEndpoint

rollout = typer.Typer(no_args_is_help=True, help="Plans of safe rollouts: nothing carries them out yet.")
PlanOption = Annotated[
    str | None,
    typer.Option(
        "--plan",
        metavar="PLAN",
        help="This plan, not the stack file's: dev, canary, prod, or a file below the endpoint's folder.",
    ),
]
METRICS_VERSION = "2024-02-01"
"""Of Azure Monitor's metrics."""
MINUTES = 60
"""Over which today's traffic is measured."""


@rollout.command(name="explain")
def explain_(
    endpoint: EndpointArgument,
    plan: PlanOption = None,
    per_minute: Annotated[
        float | None,
        typer.Option(
            "--requests-per-minute",
            metavar="N",
            min=0,
            help="Of the endpoint. Without it, its metrics of the last hour are read.",
        ),
    ] = None,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what an endpoint's plan takes: shares, minutes, requests needed, and the time to a verdict."""
    chosen = stacks.choose(find_clone(), stack)
    declared = chosen.file.endpoint(endpoint)
    read = plans.read(chosen, declared, plan)
    rate = measured(chosen, declared) if per_minute is None else per_minute
    found = explain(read, rate)
    instances = dict(_instances(declared))
    if as_json:
        terminal.machine(document(found, rate, instances))
        return
    console = terminal.out()
    console.print(f"{declared.key} at {rate:g} requests a minute; a candidate without errors needs:")
    console.print(_table(found))
    for line in _sums(found, instances):
        console.print(line)


@rollout.command()
def lint(endpoint: EndpointArgument, plan: PlanOption = None, stack: StackOption = None) -> None:
    """Prove with made-up data that each gate of an endpoint's plan can pass and can fail."""
    chosen = stacks.choose(find_clone(), stack)
    read = plans.read(chosen, chosen.file.endpoint(endpoint), plan)
    for line in proved(read):
        typer.echo(line)


def proved(plan: Plan) -> list[str]:
    """A line for each gate. Raises InvalidInput with every gate that cannot give both verdicts."""
    every = [proofs(gate) for gate in gates(plan).values()]
    failed = [Finding(_unproved(proof)) for both in every for proof in both if not proof.holds]
    if failed:
        raise InvalidInput(failed)
    return [
        f"{passes.gate.name}: passes with {passes.given}; fails with {fails.given}" for passes, fails in every
    ]


def _unproved(proof: Proof) -> str:
    return f"{proof.gate.name} does not {proof.wanted} with {proof.given}: {proof.found.why}"


def measured(stack: Stack, declared: StackEndpoint) -> float:
    """The endpoint's requests a minute over the last hour, by Azure Monitor's RequestsPerMinute.

    Raises InputError, with the option that says it, where they cannot be read.
    """
    try:
        connection = stacks.connect(stack)
        found = endpoints.read(connection, names.azure_name(declared))
        path = f"{found.id}/providers/Microsoft.Insights/metrics"
        answer = connection.arm.get(path, METRICS_VERSION, query(datetime.now(UTC))) or {}
    except (CommandError, AzureError) as failed:
        raise InputError(
            f"the traffic of {declared.key} cannot be read: {failed}", "say it: --requests-per-minute N"
        ) from failed
    return requests_in(answer) / MINUTES


def query(now: datetime) -> dict[str, str]:
    """What Azure Monitor is asked for the requests of the last hour, minute by minute."""
    start = now - timedelta(minutes=MINUTES)
    return {
        "timespan": f"{start:%Y-%m-%dT%H:%M:%SZ}/{now:%Y-%m-%dT%H:%M:%SZ}",
        "metricnames": "RequestsPerMinute",
        "aggregation": "Total",
        "interval": "PT1M",
    }


def requests_in(answer: dict[str, Any]) -> float:
    """All requests in an answer of Azure Monitor's; a minute without requests has no value."""
    series = [one for metric in answer.get("value") or () for one in metric.get("timeseries") or ()]
    return float(sum(point.get("total") or 0 for one in series for point in one.get("data") or ()))


def _instances(declared: StackEndpoint) -> Iterator[tuple[str, int]]:
    """How many instances each slot has, as the stack declares it; 1 where it leaves that open."""
    for slot in declared.slots:
        spec = slots.load(declared, names.azure_name(declared), slot, declared.file_of(slot))
        yield slot, spec.instance_count or 1


def document(found: Explained, rate: float, instances: dict[str, int]) -> dict[str, Any]:
    """The table for a machine. Times are in seconds; null where there is no verdict."""
    return {
        "requests_per_minute": rate,
        "earliest_seconds": found.earliest,
        "latest_seconds": found.latest,
        "instances": instances,
        "steps": [
            {
                "step": row.number,
                "kind": row.kind,
                "share": row.share,
                "least_seconds": row.least,
                "expected_seconds": row.expected,
                "gates": [gate.name for gate in row.gates],
                "needs": [
                    {
                        "gate": need.gate.name,
                        "evidence": need.gate.evidence,
                        "strict_requests": need.strict,
                        "strict_seconds": need.strict_time,
                        "fixed_requests": need.fixed,
                        "fixed_seconds": need.fixed_time,
                    }
                    for need in row.needs
                ],
            }
            for row in found.rows
        ],
    }


def _table(found: Explained) -> Table:
    table = Table(box=None, pad_edge=True, show_edge=False, header_style="dim")
    for title in ("step", "share", "at least", "gates", "strict", "fixed"):
        table.add_column(title, justify="right" if title in ("share", "at least") else "left", no_wrap=True)
    for row in found.rows:
        needs = {need.gate.name: need for need in row.needs}
        for place, gate in enumerate(row.gates or (None,)):
            need = needs.get(gate.name) if gate else None
            head = _head(row) if place == 0 else ("", "", "")
            table.add_row(*head, gate.name if gate else "", _strict(need), _fixed(need))
    return table


def _head(row: Row) -> tuple[str, str, str]:
    return f"{row.number} {row.kind}", f"{row.share} %", minutes(row.least) if row.least else ""


def _strict(need: Need | None) -> str:
    if need is None:
        return ""
    late = need.strict_time is None or need.strict_time > need.waits
    when = "no verdict before it is paused" if late else minutes(need.strict_time or 0)
    return f"{need.strict} requests, {when}"


def _fixed(need: Need | None) -> str:
    if need is None:
        return ""
    when = "not there at the one look" if need.fixed_time is None else minutes(need.fixed_time)
    return f"{need.fixed} requests, {when}"


def minutes(seconds: float) -> str:
    """A time as a person says it."""
    return f"{seconds / 3600:.1f} h" if seconds >= 7200 else f"{seconds / 60:.0f} min"


def _sums(found: Explained, instances: dict[str, int]) -> Iterator[str]:
    each = ", ".join(f"{slot} {count}" for slot, count in instances.items())
    yield f"instances at the peak: {sum(instances.values())} ({each})"
    if found.earliest is None:
        yield "done at the earliest: never, at this traffic: a step's evidence does not come in"
        yield "what would help: a longer step, a larger share, or a higher limit"
    else:
        yield f"done at the earliest after {minutes(found.earliest)}"
    yield f"done or paused at the latest after {minutes(found.latest)}"
