"""What a rollout's plan takes, and what its gates can decide, as a table, as JSON and in lines."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from rich.table import Table

from azml.azure.errors import AzureError
from azml.cli.endpoints import quota
from azml.cli.endpoints.todays_traffic import Today
from azml.cli.release import slots
from azml.cli.stacks import names
from azml.findings import Finding, InvalidInput
from azml.rollout.counts import count
from azml.rollout.durations import minutes
from azml.rollout.plan import Plan
from azml.rollout.planning.explain import Explained, Need, Row
from azml.rollout.planning.lint import Proof, proofs
from azml.rollout.planning.reading import gates
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


Needed = list[quota.Need] | str
"""What slots need of the quota, or why that is not known."""


class Slot(NamedTuple):
    """How many instances a slot has, as the stack declares it, and of which size; none on Kubernetes."""

    instances: int
    size: str | None


def slots_of(declared: StackEndpoint) -> dict[str, Slot]:
    """The slots of an endpoint by their names; 1 instance where the stack leaves that open."""
    specs = (
        (slot, slots.load(declared, names.azure_name(declared), slot, declared.file_of(slot)))
        for slot in declared.slots
    )
    return {slot: Slot(spec.instance_count or 1, spec.instance_type) for slot, spec in specs}


def capacity(declared: StackEndpoint, slot: str) -> int:
    """How many instances serve all the traffic, as the stack declares them for this slot; 1 for none."""
    found = slots_of(declared).get(slot)
    return found.instances if found else 1


def vcpus(today: Today, found: Mapping[str, Slot]) -> Needed:
    """What these slots need of the quota."""
    machines = [(slot.size, slot.instances) for slot in found.values() if slot.size]
    try:
        return quota.needs(today.connection, today.endpoint, machines)
    except AzureError as failed:
        return str(failed)


def document(found: Explained, rate: float, held: Mapping[str, Slot], needed: Needed) -> dict[str, Any]:
    """The table for a machine. Times are in seconds; null where there is no verdict, or nothing is known."""
    return {
        "requests_per_minute": rate,
        "earliest_seconds": found.earliest,
        "latest_seconds": found.latest,
        "instances": {name: slot.instances for name, slot in held.items()},
        "side_by_side": _side_by_side(found, held),
        "vcpus": None if isinstance(needed, str) else [asdict(one) for one in needed],
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


def _more(held: Mapping[str, Slot]) -> int:
    """How many instances all slots have in addition to the largest one."""
    each = [slot.instances for slot in held.values()]
    return sum(each) - max(each, default=0)


def _side_by_side(found: Explained, held: Mapping[str, Slot]) -> dict[str, Any]:
    earliest, latest = found.instance_hours(_more(held))
    return {
        "more_instances": _more(held),
        "earliest_instance_hours": earliest,
        "latest_instance_hours": latest,
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
    return f"{count(need.strict, 'request')}, {when}"


def _fixed(need: Need | None) -> str:
    if need is None:
        return ""
    when = "undecided at its only look" if need.fixed_time is None else minutes(need.fixed_time)
    return f"{count(need.fixed, 'request')}, {when}"


def sums(found: Explained, held: Mapping[str, Slot], needed: Needed) -> Iterator[str]:
    """What it comes to: instances and vCPUs at the peak, and when it is done."""
    each = ", ".join(f"{name} {slot.instances}" for name, slot in held.items())
    yield f"instances at the peak: {sum(slot.instances for slot in held.values())} ({each})"
    if isinstance(needed, str):
        yield f"vCPUs at the peak, and their quota: not read: {needed}"
    else:
        yield from map(_vcpus, needed)
    yield _both(found, held)
    if found.earliest is None:
        yield "done at the earliest: never, as this traffic is too little for the evidence of a step"
        yield "what would help: a longer step, a larger share, or a higher limit"
    else:
        yield f"done at the earliest after {minutes(found.earliest)}"
    yield f"done or paused at the latest after {minutes(found.latest)}"


def _both(found: Explained, held: Mapping[str, Slot]) -> str:
    """What two versions at a time cost, in instances and their hours; prices are Azure's own."""
    earliest, latest = found.instance_hours(_more(held))
    hours = f"{latest:.1f}" if earliest is None else f"{earliest:.1f} to {latest:.1f}"
    return (
        f"versions side by side: {count(_more(held), 'instance')} more than the largest alone, {hours} "
        "instance-hours until the rollout ends; they run on until the old slot is reused or removed"
    )


def _vcpus(need: quota.Need) -> str:
    text = f"vCPUs at the peak: {need.vcpus} of {need.name!r}, 20 % for upgrades included"
    if need.free is None:
        return f"{text}; Azure names no such quota"
    ask = f": ask Azure for {need.vcpus - need.free} more" if need.vcpus > need.free else ""
    return f"{text}; {need.free} of the quota of {need.limit} are left{ask}"
