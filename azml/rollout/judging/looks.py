"""What one look at a gate has found, and what the looks of a step add up to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from azml.rollout.gates import Gate, RateGate, SmokeGate, ThresholdGate
from azml.rollout.statistics.comparison import NOTHING, Comparison, Seen
from azml.rollout.statistics.disturbances import Disturbed


@dataclass(frozen=True)
class Counted:
    """Requests since the last look, and those that were errors or slow."""

    candidate: Seen
    stable: Seen = NOTHING


@dataclass(frozen=True)
class Measured:
    """Values of a metric since the last look, one a minute."""

    values: tuple[float, ...]


@dataclass(frozen=True)
class Matches:
    """Requests of which a field was compared; `absent` counts those whose path found nothing."""

    compared: int
    equal: int
    absent: int = 0


@dataclass(frozen=True)
class Mismatch:
    """One request whose answers differ, in the segment `segment`: what `path` found in each answer.

    `request` is the request's line in its file, from 1. The answers are JSON, redacted and cut off.
    """

    request: int
    segment: str
    path: str
    stable: str
    candidate: str


@dataclass(frozen=True)
class Replayed:
    """All answers compared so far, by the paths of the fields; then those of each segment, by its name."""

    fields: Mapping[str, Matches]
    segments: Mapping[str, Mapping[str, Matches]] = field(default_factory=dict)
    mismatches: tuple[Mismatch, ...] = ()


@dataclass(frozen=True)
class Answer:
    """The answer to a smoke request: its status (None: no answer came) and the seconds it took."""

    status: int | None
    seconds: float


@dataclass(frozen=True)
class Smoked:
    """All answers to smoke requests so far; `wanted` is how many requests there are."""

    wanted: int
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Missing:
    """Nothing could be found out, and why."""

    reason: str


NO_LOOK = Missing("no look")
Look = Counted | Measured | Replayed | Smoked | Missing


class Rates(NamedTuple):
    """The requests of a step; `disturbed` has those of them that tell little of the candidate.

    `comparison` and `disturbed` are None where nothing is compared.
    """

    candidate: Seen = NOTHING
    stable: Seen = NOTHING
    comparison: Comparison | None = None
    disturbed: Disturbed | None = None


@dataclass(frozen=True)
class Values:
    """The values of a metric in a step."""

    values: tuple[float, ...] = ()


Found = Rates | Values | Replayed | Smoked


class Tally(NamedTuple):
    """What the looks at one gate add up to. `failed_looks` in a row have found nothing out, for `reason`."""

    found: Found
    failed_looks: int = 0
    reason: str = ""


def nothing_yet(gate: Gate) -> Tally:
    """The tally of a gate at the beginning of a step."""
    if isinstance(gate, RateGate):
        if not gate.max_ratio:
            return Tally(Rates())
        disturbed = Disturbed(gate.limit) if gate.evidence == "strict" else None
        return Tally(Rates(comparison=Comparison(gate.max_ratio), disturbed=disturbed))
    if isinstance(gate, ThresholdGate):
        return Tally(Values())
    return Tally(Smoked(0, ()) if isinstance(gate, SmokeGate) else Replayed({}))


def added(tally: Tally, look: Look) -> Tally:
    """The tally with one more look. A look of another kind than the gate's has found nothing out."""
    if isinstance(look, Missing):
        return tally._replace(failed_looks=tally.failed_looks + 1, reason=look.reason)
    found = _added(tally.found, look)
    if found is None:
        return tally._replace(failed_looks=tally.failed_looks + 1, reason="the answer is of another kind")
    return Tally(found)


def disturbs(before: Tally, after: Tally) -> bool:
    """Whether the look between the two is a disturbed one."""
    was, now = before.found, after.found
    return isinstance(was, Rates) and isinstance(now, Rates) and was.disturbed is not now.disturbed


def _added(found: Found, look: Look) -> Found | None:
    if isinstance(found, Rates) and isinstance(look, Counted):  # the most frequent one, before all patterns
        own, other = look.candidate, look.stable
        compared = found.comparison and found.comparison.with_interval(own, other)
        disturbed = found.disturbed and found.disturbed.with_look(own, other)
        return Rates(found.candidate.plus(own), found.stable.plus(other), compared, disturbed)
    match found, look:
        case Values(), Measured():
            return Values(found.values + look.values)
        case (Replayed(), Replayed() as all_so_far) | (Smoked(), Smoked() as all_so_far):
            return all_so_far
    return None
