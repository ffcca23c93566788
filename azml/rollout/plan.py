"""How a candidate takes over: the plan of an endpoint, as frozen records. Times are in seconds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from azml.rollout.gates import Gate

Undo = Literal["rollback", "pause"]


@dataclass(frozen=True)
class SmokeStep:
    """Requests to the candidate by header, before anybody else's reach it."""

    gates: tuple[Gate, ...]


@dataclass(frozen=True)
class ShadowStep:
    """`percent` of the live requests copied to the candidate, for `least` seconds or longer."""

    percent: int
    least: float
    gates: tuple[Gate, ...]


@dataclass(frozen=True)
class TrafficStep:
    """`percent` of the live requests answered by the candidate, for `least` seconds or longer."""

    percent: int
    least: float
    gates: tuple[Gate, ...]


@dataclass(frozen=True)
class ApproveStep:
    """A person says whether it goes on; after `within` seconds without an answer, `otherwise` happens."""

    within: float
    otherwise: Undo
    gates: tuple[Gate, ...]


@dataclass(frozen=True)
class RetireStep:
    """The old slot is free `after` so many seconds."""

    after: float


Step = SmokeStep | ShadowStep | TrafficStep | ApproveStep | RetireStep


@dataclass(frozen=True)
class Notice:
    """Who is told when a rollout reaches one of these phases: `webhook` names a secret of the stack."""

    on: tuple[str, ...]
    webhook: str


@dataclass(frozen=True)
class Plan:
    """The steps, and what holds for all of them.

    `interval` is between two looks. A step whose evidence is not in is extended by `extend`, `at_most` times,
    then paused; `tolerate` looks in a row may find nothing out. From its start, a rollout has `deadline`
    seconds, without those it waits for people. A write that is not read back within `verify_within` is
    stuck. A gap of more than `stale_after` in the looks repeats the step. `then` is what happens when all
    extensions are used up, and `plan_changed` when the stack's plan differs from the rollout's.
    """

    steps: tuple[Step, ...]
    interval: float = 60.0
    on_fail: Undo = "rollback"
    extend: float = 600.0
    at_most: int = 2
    tolerate: int = 4
    deadline: float = 6 * 3600.0
    verify_within: float = 120.0
    stale_after: float = 1800.0
    then: Undo = "pause"
    plan_changed: Literal["abort", "carry_on"] = "abort"
    notify: tuple[Notice, ...] = ()


def gates_of(step: Step) -> tuple[Gate, ...]:
    """The gates of a step; while a person is awaited, those that go on."""
    return () if isinstance(step, RetireStep) else step.gates


def percent_of(step: Step, before: int) -> int:
    """The candidate's share in a step, after one of `before`."""
    return step.percent if isinstance(step, TrafficStep) else before


def shares(plan: Plan) -> Iterator[int]:
    """The candidate's share in each step."""
    share = 0
    for step in plan.steps:
        share = percent_of(step, share)
        yield share
