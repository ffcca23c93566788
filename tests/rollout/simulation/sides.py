"""A history's world as one engine reaches it: every call of a port may go wrong."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from azml.rollout.deciding.state import State
from azml.rollout.driving.driver import Driver
from azml.rollout.driving.ports import Saved, Unavailable
from azml.rollout.gates import Gate
from azml.rollout.journals.journal import Shares
from azml.rollout.judging.looks import Look
from tests.rollout.simulation.faults import Violation

if TYPE_CHECKING:
    from tests.rollout.simulation.history import History

LEASE = 180.0
FOREIGN = (Shares(41, 59), Shares(63, 37), Shares(100, 0, 7))
"""Shares that no rollout writes."""


@dataclass
class Engine:
    """A process that carries the rollout out; `due` is its next turn, `busy` whether it is in one.

    `appended` is the state right after its append, until it calls anything else.
    """

    name: str
    due: float
    driver: Driver | None = None
    busy: bool = False
    ahead: float = 0.0
    ready: dict[Shares, bool] = field(default_factory=dict)
    read_foreign: bool = False
    appended: State | None = None


@dataclass
class Store:
    """The journal as an engine reaches it."""

    history: "History"
    engine: Engine
    faulty: bool

    def read(self) -> Saved | None:
        self.engine.appended = None
        if self.faulty:
            self.history.strike(self.engine)
        return self.history.blob.read()

    def write(self, text: str, etag: str | None) -> Saved:
        if self.faulty:
            self.history.strike(self.engine)
        saved = self.history.blob.write(text, etag)
        self.engine.appended = self.history.blob.state
        if self.faulty:
            self.history.answer()
        return saved

    def keep(self, name: str, text: str) -> None:
        self.history.blob.keep(name, text)


@dataclass
class Side:
    """Clock, endpoint, evidence and notices as an engine reaches them."""

    history: "History"
    engine: Engine
    faulty: bool

    def now(self) -> float:
        return self.history.time.now + self.engine.ahead

    def sleep(self, seconds: float) -> None:
        raise AssertionError("the history's clock is the only one")

    def strike(self) -> None:
        self.engine.appended = None
        if self.faulty:
            self.history.strike(self.engine)

    def shares(self) -> Shares:
        self.strike()
        found = self.history.endpoint.read()
        self.engine.read_foreign = found in FOREIGN
        # What is read late may be over already: then nobody's traffic is moved by what follows.
        self.history.checks.foreign = self.history.checks.foreign and self.engine.read_foreign
        return found

    def ready(self, shares: Shares) -> bool:
        self.strike()
        self.engine.ready[shares] = self.history.endpoint.ready(shares)
        return self.engine.ready[shares]

    def stable_answers(self) -> bool:
        self.strike()
        return self.history.endpoint.stable_answers

    def refusal(self) -> str | None:
        return None

    def write(self, shares: Shares) -> None:
        history = self.history
        # What people ask while it is on its way, or the answer to its append is, comes too late for it.
        meant = self.engine.appended or history.blob.state
        history.strike(self.engine, LEASE / 4)
        document, driver = history.blob.document, self.engine.driver
        assert document is not None and driver is not None
        if document.head.holder != driver.holder:
            raise Violation(f"{driver.holder} writes, and {document.head.holder} has the lease")
        history.checks.foreign = history.checks.foreign or (self.engine.read_foreign and not meant.resumed)
        history.checks.written(meant, shares, self.engine.ready.get(shares))
        succeeds = history.endpoint.put(shares)
        history.answer()
        if history.endpoint.takes:
            history.stall(history.endpoint.takes)
            history.endpoint.settle()
        if not succeeds or history.endpoint.pending is not None:
            raise Unavailable("the operation has failed")

    def look(self, gate: Gate, since: float, until: float, entered: float) -> Look:
        self.strike()
        history = self.history
        return history.behaviour.look(gate, since, until, history.endpoint.actual, history.random)

    def tell(self, webhook: str, text: str) -> None:
        self.strike()
