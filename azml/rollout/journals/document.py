"""The journal as it is kept: a line that says whose it is, then one line for each entry.

The head holds the plan as it was read at the start, so that a rollout is carried on from anywhere.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, get_args

from azml.rollout.gates import Field, Gate
from azml.rollout.journals import journal
from azml.rollout.journals.journal import BrokenJournal, Entry
from azml.rollout.journals.records import Codec
from azml.rollout.plan import Notice, Plan, Step

_PLANS = Codec({kind.__name__: kind for kind in (Plan, Notice, Field, *get_args(Step), *get_args(Gate))})


@dataclass(frozen=True)
class Rejected:
    """A bundle that was rolled back, and why: it is refused until a person tries it again."""

    bundle: str
    reason: str


class Head(NamedTuple):
    """Which rollout it is, and who carries it out.

    `number` counts the endpoint's rollouts from 1. `stable` is empty in a first deployment. `bundle` is the
    hash of the candidate's files, `plan` the expanded plan's text. `holder` has the lease until `expires`, a
    time of the store.
    """

    number: int
    endpoint: str
    stable: str
    candidate: str
    bundle: str
    plan: str
    rejected: tuple[Rejected, ...] = ()
    holder: str = ""
    expires: float = 0.0

    @property
    def name(self) -> str:
        """What it is called among the endpoint's rollouts."""
        return f"{self.number:06d}"

    def held(self, holder: str, now: float) -> bool:
        """Whether somebody else than `holder` has the lease."""
        return self.holder not in ("", holder) and now < self.expires


_HEADS = Codec({kind.__name__: kind for kind in (Head, Rejected)})
_HELD = ',"holder":'
_LEASED = re.compile(r"""(.*),"holder":"([^"\\]*)","expires":([0-9.]+)}""")
"""A head's line: what lasts, and the lease, which comes last."""


class Document(NamedTuple):
    """A rollout's journal: its head and its entries, with their lines."""

    head: Head
    entries: tuple[Entry, ...] = ()
    body: str = ""

    @property
    def text(self) -> str:
        """As it is kept."""
        *lasting, holder, expires = self.head
        return f'{_text(*lasting)},"holder":{json.dumps(holder)},"expires":{expires!r}}}\n{self.body}'

    @property
    def plan(self) -> Plan:
        """The plan that the rollout began with. Raises BrokenJournal."""
        return plan_of(self.head.plan)

    def plus(self, *entries: Entry) -> "Document":
        """With more entries."""
        lines = "".join([f"{journal.to_line(entry)}\n" for entry in entries])
        return Document(self.head, self.entries + entries, self.body + lines)

    def follows(self, other: "Document") -> bool:
        """Whether it is the same rollout as another one was, with the same entries and perhaps more."""
        return self.head.number == other.head.number and self.body.startswith(other.body)

    def under(self, holder: str, expires: float) -> "Document":
        """With this lease."""
        return Document(self.head._replace(holder=holder, expires=expires), self.entries, self.body)


def text_of(plan: Plan) -> str:
    """A plan's text, the same for the same plan."""
    return _PLANS.text(plan)


def digest_of(text: str) -> str:
    """What tells two plans apart."""
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=64)
def plan_of(text: str) -> Plan:
    """The plan of a text. Raises BrokenJournal."""
    try:
        return _PLANS.read(text, Plan)
    except ValueError as broken:
        raise BrokenJournal(f"line 1: its plan cannot be read: {broken}") from broken


def parse(text: str, known: Document | None = None) -> Document:
    """The journal of a text; lines that a `known` one has are not read again. Raises BrokenJournal."""
    first, _, body = text.partition("\n")
    head = _head(first)
    same = known if known is not None and body.startswith(known.body) else Document(head)
    rest = body[len(same.body) :].removesuffix("\n")
    lines = rest.split("\n") if rest else []
    read = tuple(_entry(line, number) for number, line in enumerate(lines, len(same.entries) + 2))
    return Document(head, same.entries + read, body)


@lru_cache(maxsize=64)
def _text(*lasting: Any) -> str:
    """What stays the same in a head's line from lease to lease."""
    return _HEADS.text(Head(*lasting)).partition(_HELD)[0]


def _head(line: str) -> Head:
    """The head of a line, of which only the lease is new each time."""
    leased = _LEASED.fullmatch(line)
    try:
        if leased is None:
            return _lasting(line)
        lasting, holder, expires = leased.groups()
        return _lasting(lasting + "}")._replace(holder=holder, expires=float(expires))
    except ValueError as broken:
        raise BrokenJournal(f"line 1: is not the head of a journal: {line[:80]!r}") from broken


@lru_cache(maxsize=64)
def _lasting(text: str) -> Head:
    return _HEADS.read(text, Head)


def _entry(line: str, number: int) -> Entry:
    try:
        return journal.from_line(line)
    except BrokenJournal as broken:
        raise BrokenJournal(f"line {number}: {broken}") from broken
