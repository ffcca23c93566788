"""Gates on slow answers, where no source counts single answers: thresholds on a percentile of each minute.

"At most 5 % are slower than 250 ms" and "the 95th percentile is 250 ms at most" say the same of a minute. But
the second is one value a minute, so it promises nothing about how often it is wrong.
"""

from collections.abc import Iterator
from dataclasses import replace

from azml.rollout.gates import Gate, RateGate, ThresholdGate
from azml.rollout.plan import ApproveStep, Plan, RetireStep, Step
from azml.rollout.planning.reading import gates

PERCENTILES = (50, 90, 95, 99)
"""Those of which Azure Monitor has metrics."""


def by_percentiles(plan: Plan) -> Plan:
    """The plan, with a threshold in place of each gate on slow answers."""
    return replace(plan, steps=tuple(_step(step) for step in plan.steps))


def notes_on(plan: Plan) -> Iterator[str]:
    """A line for each gate that `by_percentiles` replaces."""
    for gate in gates(plan).values():
        if isinstance(gate, RateGate) and gate.slower_than is not None:
            yield (
                f"{gate.name}: Azure Monitor counts no slow answers, so percentile {_percentile(gate)} of "
                f"each minute has to be {gate.slower_than:g} s at most; as a threshold, it promises nothing"
            )


def _step(step: Step) -> Step:
    if isinstance(step, RetireStep):
        return step
    if isinstance(step, ApproveStep):
        # A threshold is looked at when a step's minutes are over; a person has no minutes.
        return replace(step, gates=tuple(gate for gate in step.gates if _gate(gate) is gate))
    return replace(step, gates=tuple(map(_gate, step.gates)))


def _gate(gate: Gate) -> Gate:
    if not isinstance(gate, RateGate) or gate.slower_than is None:
        return gate
    return ThresholdGate(gate.name, f"latency_p{_percentile(gate)}", gate.slower_than)


def _percentile(gate: RateGate) -> int:
    """The lowest percentile that asks for no less than the gate does; else the highest there is."""
    return next((one for one in PERCENTILES if one >= round(100 * (1 - gate.limit), 6)), PERCENTILES[-1])
