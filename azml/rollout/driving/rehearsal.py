"""A rollout without Azure: a clock that does not wait, traffic that nobody sends, a journal in memory."""

from collections.abc import Callable

from typing_extensions import override

from azml.rollout.deciding.events import Watch
from azml.rollout.deciding.state import Phase
from azml.rollout.driving.driver import RESTING, Driver
from azml.rollout.driving.ports import Clock, Conflict, Endpoint, Evidence, JournalStore, Ports, Saved
from azml.rollout.driving.starting import Kept, Opening, ask, begin, latest
from azml.rollout.journals.journal import Shares

WHO = "the rehearsal"
"""Who carries it out, and approves."""


class VirtualClock(Clock):
    """A clock that is moved by those who wait."""

    def __init__(self, start: float = 0.0) -> None:
        self.time = start

    @override
    def now(self) -> float:
        return self.time

    @override
    def sleep(self, seconds: float) -> None:
        self.time += seconds


class MemoryStore(JournalStore):
    """A journal that ends with the process."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._text: str | None = None
        self._writes = 0

    @override
    def read(self) -> Saved | None:
        return None if self._text is None else self._saved(self._text)

    @override
    def write(self, text: str, etag: str | None) -> Saved:
        if etag != (None if self._text is None else str(self._writes)):
            raise Conflict("the journal of a rehearsal was written by somebody else")
        self._text, self._writes = text, self._writes + 1
        return self._saved(text)

    @override
    def keep(self, name: str, text: str) -> None:
        """A rehearsal has no earlier one."""

    def _saved(self, text: str) -> Saved:
        return Saved(text, str(self._writes), self._clock.now())


class NoEndpoint(Endpoint):
    """Traffic that is only written down; each deployment is ready, and no endpoint is asked or told."""

    def __init__(self, shares: Shares) -> None:
        self._shares = shares

    @override
    def shares(self) -> Shares:
        """The shares that were written last."""
        return self._shares

    @override
    def ready(self, shares: Shares) -> bool:
        """Always."""
        return True

    @override
    def write(self, shares: Shares) -> None:
        """Keep them."""
        self._shares = shares

    @override
    def stable_answers(self) -> bool:
        """It did, when it was recorded."""
        return True

    @override
    def refusal(self) -> str | None:
        """Nothing is written that could be refused."""
        return None


def rehearse(
    opening: Opening, evidence: Callable[[NoEndpoint], Evidence], watch: Watch | None = None
) -> Kept:
    """Carry a plan out at once, with the driver that carries out real ones; whoever is asked approves.

    Raises Refused where a real one would not begin either.
    """
    clock = VirtualClock()
    endpoint = NoEndpoint(Shares(100 if opening.stable else 0, 0))
    ports = Ports(clock, endpoint, evidence(endpoint), MemoryStore(clock))
    begin(ports, opening)
    driver = Driver(ports, WHO, watch=watch)
    while driver.run(RESTING | {Phase.WAITING}).state.phase is Phase.WAITING:
        ask(ports.store, "approve", WHO)
    kept = latest(ports.store)
    if kept is None:
        raise AssertionError("a rehearsal that has begun has a journal")
    return kept
