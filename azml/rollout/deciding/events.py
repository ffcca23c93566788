"""What watchers of a rollout are told: one record for each entry of its journal."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from azml.rollout.deciding import engine
from azml.rollout.deciding.replaying import followed
from azml.rollout.deciding.state import IN_STEP, State
from azml.rollout.journals import journal
from azml.rollout.journals.document import Document, Head
from azml.rollout.journals.journal import Entry
from azml.rollout.judging.verdicts import Judgement


class Event(NamedTuple):
    """An entry, the state after it, and, after a look, what each gate of the step says by then."""

    head: Head
    entry: Entry
    state: State
    judgements: tuple[Judgement, ...] = ()


Watch = Callable[[Event], None]


def told_of(document: Document) -> Iterator[Event]:
    """The events of a whole journal. Raises BrokenJournal."""
    state = State()
    for number, entry in enumerate(document.entries, 1):
        state = followed(document.plan, state, entry, number)
        yield event(document, entry, state)


def event(document: Document, entry: Entry, state: State) -> Event:
    """The event of an entry that has led to this state."""
    looked = isinstance(entry, journal.Looked) and state.phase in IN_STEP
    return Event(document.head, entry, state, engine.judgements(document.plan, state) if looked else ())
