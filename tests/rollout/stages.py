"""A whole rollout under a clock of the test's: the driver, the model of Azure, and people at their times."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from azml.rollout.deciding.events import Event
from azml.rollout.deciding.state import ENDED, Phase, State
from azml.rollout.deciding.status import Status, status
from azml.rollout.driving import starting
from azml.rollout.driving.driver import RESTING, Driver, Turn
from azml.rollout.driving.ports import Ports, Saved, Unavailable
from azml.rollout.driving.starting import Opening
from azml.rollout.gates import Gate
from azml.rollout.journals.document import Document
from azml.rollout.journals.journal import Entry, Shares, Wish
from azml.rollout.judging.looks import Look
from azml.rollout.plan import Plan
from tests.rollout.simulation.azure import Blob, Endpoint, Time
from tests.rollout.simulation.candidates import Behaviour
from tests.rollout.simulation.faults import Killed

OLD, NEW, NONE = Shares(100, 0), Shares(0, 100), Shares(0, 0)
MOST = 5000
"""Turns after which a rollout that does not end is a failure."""


@dataclass
class Stage:
    """All ports of one driver. `at` are acts of people by their times; `kill_at` is which write is the last.

    Writes are those to the journal and to the endpoint; one is killed before it, or, with `after`, after it.
    """

    plan: Plan
    behaviour: Behaviour = field(default_factory=Behaviour)
    start: Shares = OLD
    at: dict[float, Callable[[], None]] = field(default_factory=dict)
    kill_at: int = 0
    after: bool = False
    refused: int = 0
    told: list[tuple[str, str]] = field(default_factory=list)
    deaf: bool = False
    refusing: str | None = None
    events: list[Event] = field(default_factory=list)
    written: int = 0
    drivers: int = 0

    def __post_init__(self) -> None:
        self.time, self.dead = Time(), False
        self.endpoint = Endpoint(self.time, Random(1), self.start)
        self.blob = Blob(self.time)

    @property
    def ports(self) -> Ports:
        return Ports(self, self, self, self, self)

    @property
    def state(self) -> State:
        return self.blob.state

    @property
    def document(self) -> Document:
        assert self.blob.document is not None
        return self.blob.document

    @property
    def status(self) -> Status:
        return status(self.document, self.state, self.time.now)

    def begin(self, **about: Any) -> "Stage":
        stable = "blue" if self.start.stable else ""
        opening = {"endpoint": "diabetes", "stable": stable, "candidate": "green", "bundle": "abc"} | about
        starting.begin(self.ports, Opening(plan=self.plan, by="somebody", **opening))
        return self

    def ask(self, what: Wish) -> State:
        return starting.ask(self, what, "somebody")

    def driver(self) -> Driver:
        self.drivers += 1
        return Driver(self.ports, f"engine {self.drivers}", watch=self.events.append)

    def run(self, until: frozenset[Phase] = RESTING) -> "Stage":
        """Until one of these phases; a driver that is killed is followed by another one."""
        driver, turns = self.driver(), 0

        def counted(turn: Turn) -> None:
            nonlocal turns
            turns += 1
            assert turns < MOST, f"still {turn.state.phase} after {turns} turns: {turn.trouble}"

        while True:
            try:
                driver.run(until, counted)
                return self
            except Killed:
                self.dead, driver = False, self.driver()

    def entries(self, kind: type[Entry] | None = None) -> list[Any]:
        return [one for one in self.document.entries if kind is None or isinstance(one, kind)]

    # The ports.

    def now(self) -> float:
        return self.time.now

    def sleep(self, seconds: float) -> None:
        until = self.time.now + max(seconds, 0.01)
        for when in sorted(when for when in self.at if when <= until):
            self.time.now = max(self.time.now, when)
            self.at.pop(when)()
        self.time.now = max(self.time.now, until)

    def read(self) -> Saved | None:
        return self.blob.read()

    def write(self, what: Any, etag: str | None = None) -> Any:
        """Both of the journal and of shares, as a killed process loses either."""
        self.written += 1
        self.dead = self.dead or self.written == self.kill_at
        if self.dead and not self.after:
            raise Killed
        saved = None
        if isinstance(what, Shares):
            self._write_shares(what)
        else:
            saved = self.blob.write(what, etag)
        if self.dead:
            raise Killed
        return saved

    def _write_shares(self, shares: Shares) -> None:
        if self.refused:
            self.refused -= 1
            raise Unavailable("the endpoint is Updating")
        succeeds = self.endpoint.put(shares)
        self.time.now += self.endpoint.takes
        self.endpoint.settle()
        if not succeeds:
            raise Unavailable("the operation has failed")

    def keep(self, name: str, text: str) -> None:
        self.blob.keep(name, text)

    def shares(self) -> Shares:
        return self.endpoint.read()

    def ready(self, shares: Shares) -> bool:
        return self.endpoint.ready(shares)

    def stable_answers(self) -> bool:
        return self.endpoint.stable_answers

    def refusal(self) -> str | None:
        return self.refusing

    def look(self, gate: Gate, since: float, until: float, entered: float) -> Look:
        return self.behaviour.look(gate, since, until, self.endpoint.actual, Random(1))

    def tell(self, webhook: str, text: str) -> None:
        if self.deaf:
            raise Unavailable("the webhook answered 500")
        self.told.append((webhook, text))


__all__ = ["ENDED", "NEW", "NONE", "OLD", "Stage"]
