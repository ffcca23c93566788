"""What a plan asks of a candidate: its gates, as frozen records."""

from dataclasses import dataclass
from typing import Literal

Evidence = Literal["strict", "fixed"]
Equality = Literal["exact", "within", "rank", "function"]

ERROR_CODES = ("408", "424", "429", "5xx")
"""Answers that count as errors where a gate says nothing else."""
ALPHA, ALPHA_PASS = 0.01, 0.05
"""How often a model that keeps the limit may fail, and one at the limit pass, where a gate says nothing."""
COLLECTED = "collected"
"""What an agreement gate's `requests` are where the stable deployment's data collector has kept them."""
CONFIDENCE = 0.95
"""Of the lower bound by which agreement is judged."""


@dataclass(frozen=True)
class RateGate:
    """The part of the candidate's requests that are errors, or slower than `slower_than` seconds.

    `limit` is between 0 and 1. `max_ratio` is how many times the stable deployment's rate is allowed; None
    compares with the limit only. `fixed` evidence is looked at once, when the step's minutes are over.
    """

    name: str
    limit: float
    alpha: float = ALPHA
    alpha_pass: float = ALPHA_PASS
    max_ratio: float | None = None
    codes: tuple[str, ...] = ERROR_CODES
    slower_than: float | None = None
    evidence: Evidence = "strict"

    @property
    def events(self) -> str:
        """What it counts, in words."""
        return "errors" if self.slower_than is None else "slow answers"


@dataclass(frozen=True)
class ThresholdGate:
    """A percentile of the latency in seconds, of which there is one value a minute.

    The median of a step's values is compared with `limit`. It promises nothing about how often it is wrong.
    """

    name: str
    metric: str
    limit: float


@dataclass(frozen=True)
class Field:
    """A part of the answers to compare: what `path` finds, and how often it has to be equal (0 to 1).

    `tolerance` is the largest difference of two numbers that are equal `within` it. With `function`, `path`
    is no path but the function that compares whole answers, as `file.py:name`.
    """

    path: str
    at_least: float
    equal: Equality = "exact"
    tolerance: float = 0.0


@dataclass(frozen=True)
class AgreementGate:
    """Answers of both deployments to `sample` requests of the file `requests`, compared field by field.

    With COLLECTED in place of a file they are the newest that the stable deployment's collector has kept.

    `segment` is the path of what in a request says to which segment it belongs. Of the mismatches that are
    kept, what the paths of `redact` find in the answers is left out. `example` is a file with an answer, for
    a proof that a function can tell answers apart.
    """

    name: str
    requests: str
    sample: int
    fields: tuple[Field, ...]
    keep_mismatches: int = 0
    segment: str | None = None
    redact: tuple[str, ...] = ()
    example: str | None = None

    @property
    def function(self) -> str | None:
        """The function that compares, as `file.py:name`; None where fields are compared."""
        return next((field.path for field in self.fields if field.equal == "function"), None)


@dataclass(frozen=True)
class SmokeGate:
    """Requests (a file pattern) that all have to be answered with `status`, within so many seconds."""

    name: str
    requests: str
    status: int = 200
    within: float | None = None


Gate = RateGate | ThresholdGate | AgreementGate | SmokeGate
