"""A model of an online endpoint and of the blob its journal lies in, stricter than Azure is known to be.

Azure's rules: one operation on an endpoint at a time, others are refused while it is `Updating`; an
operation that was accepted may fail later; what was written may be read late; shares add up to 0 or 100; a
deployment mirrors or answers users, not both.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from azml.rollout.deciding.replaying import followed
from azml.rollout.deciding.state import State
from azml.rollout.driving.ports import Conflict, Saved, Unavailable
from azml.rollout.journals.document import Document, parse
from azml.rollout.journals.journal import Entry, Shares
from tests.rollout.simulation.faults import Violation


@dataclass
class Time:
    """Seconds of the world. The store's clock is `skew` ahead of it."""

    now: float = 0.0
    skew: float = 0.0


@dataclass
class Endpoint:
    """`lag` seconds pass until what holds is read; an operation takes `takes` seconds, and may fail."""

    time: Time
    random: Random
    actual: Shares
    lag: float = 0.0
    takes: float = 0.0
    fails: float = 0.0
    candidate_ready_at: float = 0.0
    stable_small: tuple[float, float] = (0.0, 0.0)
    stable_answers: bool = True
    pending: tuple[float, Shares | None] | None = None
    changes: list[tuple[float, Shares]] = field(default_factory=list)
    seen: int = 0
    writes: list[Shares] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.changes.append((float("-inf"), self.actual))

    def settle(self) -> None:
        """What is due has happened."""
        if self.pending and self.pending[0] <= self.time.now:
            due, shares = self.pending
            self.pending = None
            if shares is not None:
                self.change(due, shares)

    def change(self, at: float, shares: Shares) -> None:
        self.actual = shares
        self.changes.append((at, shares))

    def read(self) -> Shares:
        """What is read now: late, but never older than what was read before."""
        self.settle()
        visible = self.time.now - self.lag
        while self.seen + 1 < len(self.changes) and self.changes[self.seen + 1][0] <= visible:
            self.seen += 1
        return self.changes[self.seen][1]

    def ready(self, shares: Shares) -> bool:
        """Whether the instances for these shares are there."""
        begins, ends = self.stable_small
        small = begins <= self.time.now < ends
        early = self.time.now < self.candidate_ready_at
        return not (early and shares.candidate + shares.mirror) and not (small and shares.stable > 50)

    def put(self, shares: Shares) -> bool:
        """Take a write: whether the operation will succeed, `takes` seconds later."""
        if not shares.sound:
            raise Violation(f"a write of {shares}")
        self.settle()
        if self.pending is not None:
            raise Unavailable("the endpoint is Updating")
        self.writes.append(shares)
        succeeds = self.random.random() >= self.fails
        self.pending = (self.time.now + self.takes, shares if succeeds else None)
        self.settle()
        return succeeds


@dataclass
class Blob:
    """The journal, with the state that its entries add up to. `appended` looks at what is new."""

    time: Time
    appended: Callable[[State, Entry, State], None] = lambda before, entry, after: None
    document: Document | None = None
    text: str = ""
    tag: int = 0
    state: State = field(default_factory=State)
    kept: dict[str, str] = field(default_factory=dict)

    def now(self) -> float:
        return self.time.now + self.time.skew

    def read(self) -> Saved | None:
        return Saved(self.text, str(self.tag), self.now()) if self.document else None

    def write(self, text: str, etag: str | None) -> Saved:
        if etag != (str(self.tag) if self.document else None):
            raise Conflict
        document = parse(text, self.document)
        known = 0
        if self.document is not None and document.follows(self.document):
            known = len(self.document.entries)
        else:
            self.state = State()
        self.document, self.text, self.tag = document, text, self.tag + 1
        for number, entry in enumerate(document.entries[known:], known + 1):
            before = self.state
            self.state = followed(document.plan, before, entry, number)
            self.appended(before, entry, self.state)
        return Saved(text, str(self.tag), self.now())

    def keep(self, name: str, text: str) -> None:
        self.kept[name] = text
