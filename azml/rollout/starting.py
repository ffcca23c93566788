"""How a rollout begins, and how people speak to one that is under way: by the journal."""

from dataclasses import dataclass, replace

from azml.rollout import journal
from azml.rollout.document import Document, Head, Rejected, digest_of, parse, text_of
from azml.rollout.journal import Asked, Started, Wish
from azml.rollout.plan import Plan
from azml.rollout.ports import Conflict, JournalStore, Ports, Saved
from azml.rollout.state import ENDED, Phase, State, replay

TRIES = 10
"""How often a wish is written where others write at the same time."""


class Refused(Exception):
    """The rollout does not begin, or the wish makes no sense, and why; what would be right stands in it."""


@dataclass(frozen=True)
class Opening:
    """What a rollout begins with: who (`by`) takes which candidate's `bundle` through which plan.

    `retry` takes a bundle that was rolled back before; `stable_is_broken` takes it straight to 100 percent
    after smoke, without a comparison.
    """

    endpoint: str
    stable: str
    candidate: str
    bundle: str
    plan: Plan
    by: str
    retry: bool = False
    stable_is_broken: bool = False


def begin(ports: Ports, opening: Opening) -> Document:
    """Begin a rollout where none is unfinished: its journal, of which nobody has the lease yet.

    Raises Refused, Unavailable, and BrokenJournal for the journal that is there.
    """
    ...


def ask(store: JournalStore, what: Wish, by: str) -> State:
    """Write down what a person wants, and return the state after it; whoever has the lease follows it.

    Raises Refused where it makes no sense now, Unavailable, BrokenJournal.
    """
    ...


def latest(store: JournalStore) -> tuple[Document, State, Saved] | None:
    """The journal of the endpoint's latest rollout, and what it adds up to. Raises Unavailable, BrokenJournal."""
    ...
