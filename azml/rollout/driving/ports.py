"""What carries a rollout out, as its driver sees it: clock, endpoint, evidence, the place of the journal.

Azure, the local Azure, a rehearsal and a simulation each bring their own; the driver is the same.
Times are seconds of the journal's clock.
"""

from typing import NamedTuple, Protocol

from azml.rollout.gates import Gate
from azml.rollout.journals.journal import Shares
from azml.rollout.judging.looks import Look


class Unavailable(Exception):
    """It could not be found out, or not be done, for now: it is tried again."""


class Conflict(Exception):
    """Another engine, or a person, has written the journal since it was read."""


class Saved(NamedTuple):
    """A journal as it is kept: its text, the tag that the next write names, and the store's time."""

    text: str
    etag: str
    now: float


class Clock(Protocol):
    """Time passes."""

    def now(self) -> float:
        """Seconds now."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return so many seconds later."""
        ...


class Endpoint(Protocol):
    """The traffic between the two deployments."""

    def shares(self) -> Shares:
        """The shares that hold now. Raises Unavailable."""
        ...

    def ready(self, shares: Shares) -> bool:
        """Whether each deployment with one of these shares is there, and has the instances for it.

        Raises Unavailable.
        """
        ...

    def write(self, shares: Shares) -> None:
        """Write these shares, and return once Azure says that the operation has succeeded.

        Raises Unavailable where it was refused, has failed, or is not heard of any more: it is tried again.
        """
        ...

    def stable_answers(self) -> bool:
        """Whether the stable deployment answers requests, asked before a rollback. Raises Unavailable."""
        ...

    def refusal(self) -> str | None:
        """Why Azure would refuse a write of shares (a policy's token, a role); None where it would not.

        Asked before a rollout starts, so that a rollback is not the first to find out. Raises Unavailable.
        """
        ...


class Evidence(Protocol):
    """What gates are judged by."""

    def look(self, gate: Gate, since: float, until: float, entered: float) -> Look:
        """What has happened between two moments. What cannot be found out is a Missing, with its reason.

        The step began at `entered`. Replayed and Smoked are all answers since then: they may be kept, and
        are asked for again where they are not.
        """
        ...


class JournalStore(Protocol):
    """Where the journal of an endpoint's latest rollout is kept, for everybody who takes part in it."""

    def read(self) -> Saved | None:
        """The journal; None where there is none. Raises Unavailable."""
        ...

    def write(self, text: str, etag: str | None) -> Saved:
        """Replace the journal that has this tag (None: there must be none). Raises Conflict, Unavailable."""
        ...

    def keep(self, name: str, text: str) -> None:
        """Keep the journal of an earlier rollout under this name; again is the same. Raises Unavailable."""
        ...


class Notices(Protocol):
    """Who is told about a rollout."""

    def tell(self, webhook: str, text: str) -> None:
        """Send a JSON text to the webhook that the stack's secret `webhook` holds. Raises Unavailable."""
        ...


class Ports(NamedTuple):
    """All that a driver needs. Without `notices` nobody is told, and what is to be told waits."""

    clock: Clock
    endpoint: Endpoint
    evidence: Evidence
    store: JournalStore
    notices: Notices | None = None
