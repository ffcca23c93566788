"""What a report says. Times are in seconds, `at` on the journal's clock; rates are between 0 and 1."""

from dataclasses import dataclass
from typing import Literal

from azml.rollout.deciding.state import Phase
from azml.rollout.gates import Gate
from azml.rollout.journals.journal import Shares
from azml.rollout.judging.looks import Answer, Matches, Mismatch
from azml.rollout.statistics.comparison import Seen
from azml.rollout.statistics.sequences import Interval

ChangeKind = Literal["file", "package", "setting"]


@dataclass(frozen=True)
class Change:
    """One thing that is another one in the candidate; None where a version does not have it."""

    kind: ChangeKind
    name: str
    stable: str | None
    candidate: str | None


@dataclass(frozen=True)
class Point:
    """What a gate had seen of a step after one look, `minute` minutes into it.

    `value` is the candidate's rate minus the stable deployment's, or the candidate's own where the stable one
    had no requests. `limit` is where the gate's limit lies on that scale, `ratio_limit` its `max_ratio`.
    """

    minute: float
    candidate: Seen
    stable: Seen
    value: float
    interval: Interval
    limit: float
    ratio_limit: float | None = None

    @property
    def compares(self) -> bool:
        """Whether there is a stable deployment to compare with."""
        return self.stable.requests > 0


@dataclass(frozen=True)
class Agreed:
    """One field in one segment (empty: all of them): the counts, and the bound that is judged."""

    segment: str
    path: str
    found: Matches
    low: float
    wanted: float


@dataclass(frozen=True)
class GateSeen:
    """What a gate has found in one step, and its last verdict with its sentence.

    `points` are of a rate, `values` (seconds, one a minute) of a percentile, `agreed` and `mismatches` of
    answers that were compared, `answers` of smoke requests. `missing` counts looks that found nothing out.
    """

    gate: Gate
    verdict: str
    why: str
    points: tuple[Point, ...] = ()
    values: tuple[float, ...] = ()
    agreed: tuple[Agreed, ...] = ()
    mismatches: tuple[Mismatch, ...] = ()
    answers: tuple[Answer, ...] = ()
    missing: int = 0


@dataclass(frozen=True)
class StepSeen:
    """One time through a step (from 0): a step that begins again is listed twice."""

    step: int
    kind: str
    shares: Shares
    at: float
    gates: tuple[GateSeen, ...]


@dataclass(frozen=True)
class Decision:
    """What was decided or asked, and its sentence."""

    at: float
    what: str
    why: str


@dataclass(frozen=True)
class Report:
    """A rollout, from its beginning to where it stands."""

    endpoint: str
    number: int
    stable: str
    candidate: str
    bundle: str
    phase: Phase
    sentence: str
    advice: str
    started: float
    ended: float
    shares: Shares
    steps: tuple[StepSeen, ...]
    decisions: tuple[Decision, ...]
    changes: tuple[Change, ...] | None = None
    """None where the versions could not be compared."""
