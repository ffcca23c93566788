"""What is wrong with a plan as a whole, whatever its parts say."""

from collections.abc import Iterator

from azml.rollout.gates import RateGate, SmokeGate
from azml.rollout.plan import ApproveStep, Plan, RetireStep, ShadowStep, SmokeStep, Step, TrafficStep

Problem = tuple[int | None, str, str]
"""The step (from 0; None: the plan) at fault, what is wrong, what would be right."""


def problems(plan: Plan, kind: str, *, protect: bool) -> Iterator[Problem]:
    """Every way in which the plan could not be carried out on an endpoint of `kind`, or not be trusted."""
    yield from _order(plan)
    yield from _shares(plan)
    for place, step in enumerate(plan.steps):
        yield from ((place, message, remedy) for message, remedy in _step(step, kind, protect))
    if plan.stale_after < 2 * plan.interval:
        message = (
            f"a gap of {plan.stale_after:g} seconds repeats a step, and looks are {plan.interval:g} apart"
        )
        yield None, message, "give resume.stale_after two intervals or more"
    least = sum(step.least for step in plan.steps if isinstance(step, ShadowStep | TrafficStep))
    if least > plan.deadline:
        message = (
            f"its steps take at least {least / 60:g} minutes, and its deadline is {plan.deadline / 60:g}"
        )
        yield None, message, "give it a later deadline"


def _order(plan: Plan) -> Iterator[Problem]:
    """Smoke, then shadow, then traffic; the end is 100 %, and after it the old slot retires."""
    moved = False
    for place, step in enumerate(plan.steps):
        if isinstance(step, SmokeStep) and place:
            yield place, "smoke comes after another step", "put it first"
        if isinstance(step, ShadowStep) and moved:
            remedy = "Azure refuses both on one deployment: put it before the first traffic step"
            yield place, "the shadow step comes after live traffic", remedy
        if isinstance(step, RetireStep) and place != len(plan.steps) - 1:
            yield place, "retire comes before another step", "put it last"
        moved = moved or isinstance(step, TrafficStep)


def _shares(plan: Plan) -> Iterator[Problem]:
    before = 0
    for place, step in enumerate(plan.steps):
        if isinstance(step, TrafficStep):
            if step.percent <= before:
                message = f"the share goes from {before} to {step.percent} percent"
                yield place, message, "give each step a larger share than the one before"
            before = step.percent
        elif isinstance(step, ApproveStep) and before == 100:
            yield (
                place,
                "asks for approval when the candidate has all the traffic",
                "put the approval before the last traffic step",
            )
    if before != 100:
        yield None, f"its last share is {before} percent", "end with {traffic: 100}"


def _step(step: Step, kind: str, protect: bool) -> Iterator[tuple[str, str]]:
    match step:
        case SmokeStep(gates=()):
            yield "sends nothing, so it could never fail", "name a smoke gate, as smoke: [smoke]"
        case SmokeStep(gates=gates):
            if not all(isinstance(gate, SmokeGate) for gate in gates):
                yield "has a gate that needs traffic", "smoke takes gates with requests: and expect:"
            return
        case ShadowStep() if kind == "kubernetes":
            yield (
                "is on a Kubernetes endpoint",
                "only managed endpoints can mirror: compare by replay instead",
            )
        case ApproveStep(gates=gates):
            if not all(isinstance(gate, RateGate) and gate.evidence == "strict" for gate in gates):
                remedy = "name gates on rates, with strict evidence"
                yield "while_waiting has a gate that is judged only once", remedy
        case ShadowStep(gates=()):
            yield "has no gate, so it could never fail", "name its gates"
        case TrafficStep(gates=()) if protect:
            yield "moves traffic without a gate, and the endpoint is protected", "name its gates"
    if not isinstance(step, RetireStep) and any(isinstance(gate, SmokeGate) for gate in step.gates):
        yield "has a smoke gate", "that belongs to the smoke step, before any traffic"
