"""The journal of a rollout: what was meant, written, seen and asked, one JSON line an entry.

Times are seconds of one clock, which every entry brings along.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

from azml.rollout.journals.records import Codec
from azml.rollout.judging.looks import (
    Answer,
    Counted,
    Look,
    Matches,
    Measured,
    Mismatch,
    Missing,
    Replayed,
    Smoked,
)
from azml.rollout.statistics.comparison import Seen
from azml.rules import MIRROR_LIMIT, SUMS


class Shares(NamedTuple):
    """Percent of the live requests for each deployment, and of those copied to the candidate."""

    stable: int
    candidate: int
    mirror: int = 0

    @property
    def sound(self) -> bool:
        """Whether Azure takes them: 0 or 100 together, and no mirroring to who has live traffic."""
        return (
            self.stable >= 0
            and self.candidate >= 0
            and self.stable + self.candidate in SUMS
            and 0 <= self.mirror <= MIRROR_LIMIT
            and not (self.mirror and self.candidate)
        )

    @property
    def said(self) -> str:
        """In words."""
        mirror = f", {self.mirror} % mirrored" if self.mirror else ""
        return f"stable {self.stable} %, candidate {self.candidate} %{mirror}"


@dataclass(frozen=True)
class Started:
    """A rollout begins where the shares are these."""

    at: float
    shares: Shares


@dataclass(frozen=True)
class Intended:
    """These shares are written next."""

    at: float
    shares: Shares


@dataclass(frozen=True)
class Written:
    """The write of the shares that were meant has succeeded; nothing older can follow it any more."""

    at: float


@dataclass(frozen=True)
class Confirmed:
    """The shares that were meant have been read back."""

    at: float


@dataclass(frozen=True)
class Entered:
    """A step (from 0) begins, or begins again, without evidence."""

    at: float
    step: int


@dataclass(frozen=True)
class Looked:
    """What each gate's look has found, by the gates' names."""

    at: float
    looks: Mapping[str, Look]


@dataclass(frozen=True)
class Advanced:
    """The step is done, by this evidence."""

    at: float
    reason: str


@dataclass(frozen=True)
class Extended:
    """The step's evidence is not in: it goes on."""

    at: float
    reason: str


@dataclass(frozen=True)
class Paused:
    """Nothing more happens until a person says so."""

    at: float
    reason: str


@dataclass(frozen=True)
class Withdrawn:
    """All traffic goes back."""

    at: float
    reason: str


@dataclass(frozen=True)
class Stuck:
    """A write is not read back; it is repeated."""

    at: float
    reason: str


Wish = Literal["pause", "resume", "approve", "abort", "supersede", "stable_is_broken", "retry"]


@dataclass(frozen=True)
class Asked:
    """What a person wants, and who."""

    at: float
    what: Wish
    by: str


@dataclass(frozen=True)
class Noted:
    """What people should know, and changes nothing."""

    at: float
    reason: str


@dataclass(frozen=True)
class Changed:
    """The stack's plan is another one than the rollout began with, this is its digest."""

    at: float
    digest: str


@dataclass(frozen=True)
class Told:
    """A webhook was told of a phase; `failed` is why it was not."""

    at: float
    phase: str
    webhook: str
    failed: str = ""


Entry = (
    Started
    | Intended
    | Written
    | Confirmed
    | Entered
    | Looked
    | Advanced
    | Extended
    | Paused
    | Withdrawn
    | Stuck
    | Asked
    | Noted
    | Changed
    | Told
)
ENTRIES: tuple[type[Entry], ...] = get_args(Entry)
PARTS = (Shares, Seen, Counted, Measured, Matches, Mismatch, Replayed, Answer, Smoked, Missing)
CODEC = Codec({kind.__name__: kind for kind in (*ENTRIES, *PARTS)})


class BrokenJournal(ValueError):
    """A line of a journal is not one of ours."""


def to_line(entry: Entry) -> str:
    """An entry as one line of JSON."""
    return CODEC.text(entry)


@lru_cache(maxsize=4096)
def from_line(line: str) -> Entry:
    """The entry of a line. Raises BrokenJournal."""
    try:
        return CODEC.read(line, *ENTRIES)
    except ValueError as broken:
        raise BrokenJournal(f"is not an entry of a journal: {line[:80]!r}") from broken
