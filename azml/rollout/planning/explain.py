"""What a plan takes: requests, minutes and verdicts, before it runs. Times are in seconds."""

import math
from dataclasses import dataclass

from azml.rollout.gates import Gate, RateGate
from azml.rollout.plan import (
    ApproveStep,
    Plan,
    RetireStep,
    ShadowStep,
    Step,
    TrafficStep,
    gates_of,
    percent_of,
)
from azml.rollout.statistics.evidence import clean_trials


@dataclass(frozen=True)
class Need:
    """How many requests without an event let a rate pass, by either kind of evidence, and how soon.

    `strict_time` and `fixed_time` are None where the verdict is not reached: without traffic, or because the
    one look at the end of the step has too few requests. `waits` is how long the step waits at most.
    """

    gate: RateGate
    strict: int
    fixed: int
    strict_time: float | None
    fixed_time: float | None
    waits: float

    @property
    def time(self) -> float | None:
        """Until the verdict, by the evidence that the gate asks for; None where the step is over before."""
        found = self.strict_time if self.gate.evidence == "strict" else self.fixed_time
        return found if found is not None and found <= self.waits else None


@dataclass(frozen=True)
class Row:
    """One step: the candidate's share in percent, the least seconds it takes, and what its gates need."""

    number: int
    kind: str
    share: int
    least: float
    gates: tuple[Gate, ...]
    needs: tuple[Need, ...]

    @property
    def expected(self) -> float | None:
        """Until the step is done with a candidate without errors; None where its evidence never comes in."""
        times = [need.time for need in self.needs]
        known = [time for time in times if time is not None]
        return max([self.least, *known]) if len(known) == len(times) else None


@dataclass(frozen=True)
class Explained:
    """The table. `earliest` is None where a step's evidence never comes in; `latest` is when it gives up."""

    rows: tuple[Row, ...]
    earliest: float | None
    latest: float

    def instance_hours(self, instances: int) -> tuple[float | None, float]:
        """What so many more instances run until the earliest and the latest end; the former may be None."""
        earliest = None if self.earliest is None else instances * self.earliest / 3600
        return earliest, instances * self.latest / 3600


def explain(plan: Plan, per_minute: float) -> Explained:
    """What the plan takes on an endpoint that answers so many requests a minute."""
    rows, share = [], 0
    for number, step in enumerate(plan.steps, 1):
        share = percent_of(step, share)
        rows.append(_row(plan, number, step, share, per_minute))
    times = [row.expected for row in rows]
    known = [time for time in times if time is not None]
    waiting = sum(step.within for step in plan.steps if isinstance(step, ApproveStep))
    retiring = sum(step.after for step in plan.steps if isinstance(step, RetireStep))
    earliest = sum(known) if len(known) == len(times) else None
    return Explained(tuple(rows), earliest, plan.deadline + waiting + retiring)


def fixed_trials(limit: float, alpha: float) -> int:
    """How many trials without an event put the upper bound of Clopper and Pearson at `limit`."""
    return math.ceil(math.log(alpha) / math.log1p(-limit))


def _row(plan: Plan, number: int, step: Step, share: int, per_minute: float) -> Row:
    kind = type(step).__name__.removesuffix("Step").lower()
    if isinstance(step, RetireStep):
        return Row(number, kind, share, step.after, (), ())
    if not isinstance(step, ShadowStep | TrafficStep):
        return Row(number, kind, share, 0.0, gates_of(step), ())
    second = per_minute * step.percent / 100 / 60
    needs = tuple(_need(plan, step, gate, second) for gate in step.gates if isinstance(gate, RateGate))
    return Row(number, kind, step.percent, step.least, step.gates, needs)


def _need(plan: Plan, step: ShadowStep | TrafficStep, gate: RateGate, second: float) -> Need:
    strict = clean_trials(gate.limit, gate.alpha_pass)
    fixed = fixed_trials(gate.limit, gate.alpha_pass)
    at_end = step.least * second >= fixed
    return Need(
        gate,
        strict,
        fixed,
        strict / second if second else None,
        step.least if at_end else None,
        step.least + plan.at_most * plan.extend,
    )
