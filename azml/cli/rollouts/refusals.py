"""Why a rollout would not come to an end, told before it starts: all reasons at once."""

from collections.abc import Callable, Iterator
from pathlib import Path

from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.cli.rollouts.endpoint import unready
from azml.cli.rollouts.slots import Slots
from azml.cli.rollouts.sources.requests import bodies_in
from azml.findings import Finding
from azml.rollout.counts import count
from azml.rollout.driving.ports import Unavailable
from azml.rollout.durations import minutes
from azml.rollout.gates import COLLECTED, AgreementGate, SmokeGate
from azml.rollout.journals.journal import Shares
from azml.rollout.plan import Plan, ShadowStep, TrafficStep
from azml.rollout.planning.explain import Need, explain
from azml.rollout.planning.reading import gates


def refusals(found: OnlineEndpoint, slots: Slots, capacity: int) -> Iterator[Finding]:
    """What is wrong with the deployments."""
    name, candidate = found.name, found.deployment(slots.candidate)
    if why := unready(found, slots.stable, slots.candidate, Shares(0, 100), capacity):
        yield Finding(
            why, f"it gets all the traffic in the end: see azml status, and azml logs {name} {candidate.name}"
        )
    if candidate.serves is None:
        remedy = "pulumi up deploys it from the stack, which tags it with the hash of what it serves"
        yield Finding(
            f"{candidate.name} was not made by a stack of this project: what it serves is unknown", remedy
        )
    elif slots.stable and found.deployment(slots.stable).serves == candidate.serves:
        remedy = f"azml release {name}, then pulumi up, put the folder's version into {candidate.name}"
        yield Finding(
            f"{candidate.name} serves what {slots.stable} serves: there is nothing to roll out", remedy
        )


def unusable(plan: Plan, folder: Path, collected: Callable[[int], object] | None) -> Iterator[Finding]:
    """Gates whose requests cannot be sent.

    `collected` reads so many that the stable deployment kept; None where there is no such deployment.
    """
    for gate in gates(plan).values():
        if isinstance(gate, AgreementGate) and gate.requests == COLLECTED:
            yield from _uncollected(gate, collected)
        elif isinstance(gate, AgreementGate | SmokeGate):
            try:
                bodies_in(folder, gate.requests)
            except ValueError as broken:
                yield Finding(
                    f"{gate.name}: {broken}", "each request is one JSON document; in .jsonl, one a line"
                )


def _uncollected(gate: AgreementGate, collected: Callable[[int], object] | None) -> Iterator[Finding]:
    try:
        if collected:
            collected(gate.sample)
    except Unavailable as failed:
        yield Finding(f"{gate.name}: {failed}", COLLECT)


COLLECT = "enable the collection request of its data_collector and wait, or write a smaller sample:"


def unfinished(plan: Plan, per_minute: float) -> Iterator[Finding]:
    """The gates that this traffic brings to no verdict before the step is over."""
    for row in explain(plan, per_minute).rows:
        step = plan.steps[row.number - 1]
        for need in row.needs:
            if need.time is None and isinstance(step, ShadowStep | TrafficStep):
                yield _too_quiet(row.number, step, need, per_minute)


def _too_quiet(number: int, step: ShadowStep | TrafficStep, need: Need, per_minute: float) -> Finding:
    requests = need.strict if need.gate.evidence == "strict" else need.fixed
    waits = need.waits if need.gate.evidence == "strict" else step.least
    wanted = requests / (step.percent / 100) / (waits / 60)
    gives = per_minute * step.percent / 100 * waits / 60
    message = (
        f"step {number} cannot finish: {need.gate.name} needs {count(requests, 'request')} of the candidate, "
        f"and {step.percent} % of {round(per_minute, 1):g} a minute gives {gives:.0f} "
        f"in the {minutes(waits)} that it waits at most"
    )
    remedy = (
        f"{wanted:.0f} requests a minute would do, or a longer step, a larger share or a higher limit; or "
        "take the gate out of this step and compare answers by replay (compare: replay), which needs none"
    )
    return Finding(message, remedy)
