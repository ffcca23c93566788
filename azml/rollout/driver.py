"""Carries a rollout out: one turn after the other, each from the journal as it stands.

A turn reads the journal, takes or renews the lease, observes, decides, and appends and writes what was
decided, in that order. It keeps nothing that the journal does not have, so it may end between any two lines
and another one, anywhere, goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass

from azml.rollout.document import Head
from azml.rollout.events import Event, Watch
from azml.rollout.ports import Ports
from azml.rollout.state import ENDED, Phase, State

LEASE = 180.0
"""Seconds for which a driver that says nothing is taken to be alive."""
POLL = 5.0
"""Seconds between two looks at shares that were written, or at a deployment that is not ready."""
RESTING = ENDED | {Phase.PAUSED}
"""Phases in which a driver has nothing to do."""


class NoRollout(Exception):
    """There is no journal: no rollout of this endpoint has begun."""


@dataclass(frozen=True)
class Turn:
    """What a turn has come to: the state, whose it is, and after how many seconds there is more to do.

    `trouble` is what stood in the way this time: another holder, or what could not be reached.
    """

    head: Head
    state: State
    wait: float
    trouble: str = ""


class Driver:
    """Carries out the latest rollout of an endpoint, under the name `holder`.

    Two drivers have two names. `watch` is told of each new entry, also of those that others write.
    """

    def __init__(
        self, ports: Ports, holder: str, *, watch: Watch | None = None, lease: float = LEASE, poll: float = POLL
    ) -> None:
        self.ports = ports
        self.holder = holder

    def turn(self) -> Turn:
        """Do what is to be done now. Raises NoRollout, BrokenJournal; never Unavailable or Conflict."""
        ...

    def run(
        self, until: frozenset[Phase] = RESTING, each: Callable[[Turn], None] | None = None
    ) -> Turn:
        """Turn after turn, until one of these phases is reached; then the lease is given back."""
        ...

    def leave(self) -> None:
        """Give the lease back, so that another driver need not wait until it expires."""
        ...
