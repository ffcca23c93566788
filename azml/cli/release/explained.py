"""What a rollout's plan takes, and what its gates can decide, as a table, as JSON and in lines."""

from collections.abc import Iterator
from typing import Any

from rich.table import Table

from azml.cli.release import slots
from azml.cli.stacks import names
from azml.findings import Finding, InvalidInput
from azml.rollout.durations import minutes
from azml.rollout.explain import Explained, Need, Row
from azml.rollout.lint import Proof, proofs
from azml.rollout.plan import Plan
from azml.rollout.reading import gates
from azml.stack.stack_file import StackEndpoint


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


def instances_of(declared: StackEndpoint) -> Iterator[tuple[str, int]]:
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


def table(found: Explained) -> Table:
    """The steps with their gates, for a person."""
    shown = Table(box=None, pad_edge=True, show_edge=False, header_style="dim")
    for title in ("step", "share", "at least", "gates", "strict", "fixed"):
        shown.add_column(title, justify="right" if title in ("share", "at least") else "left", no_wrap=True)
    for row in found.rows:
        needs = {need.gate.name: need for need in row.needs}
        for place, gate in enumerate(row.gates or (None,)):
            need = needs.get(gate.name) if gate else None
            head = _head(row) if place == 0 else ("", "", "")
            shown.add_row(*head, gate.name if gate else "", _strict(need), _fixed(need))
    return shown


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


def sums(found: Explained, instances: dict[str, int]) -> Iterator[str]:
    """What it comes to: instances at the peak, and when it is done."""
    each = ", ".join(f"{slot} {count}" for slot, count in instances.items())
    yield f"instances at the peak: {sum(instances.values())} ({each})"
    if found.earliest is None:
        yield "done at the earliest: never, at this traffic: a step's evidence does not come in"
        yield "what would help: a longer step, a larger share, or a higher limit"
    else:
        yield f"done at the earliest after {minutes(found.earliest)}"
    yield f"done or paused at the latest after {minutes(found.latest)}"
