"""Carries a rollout out: one turn after the other, each from the journal as it stands.

A turn reads the journal, takes or renews the lease, observes, decides, and appends and writes what was
decided, in that order. It keeps nothing that the journal does not have, so it may end between any two lines
and another one, anywhere, goes on.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from azml.rollout.deciding.engine import Action, Append, Write, decide, withdraws
from azml.rollout.deciding.events import Watch, event
from azml.rollout.deciding.replaying import followed
from azml.rollout.deciding.state import ENDED, Phase, State
from azml.rollout.deciding.status import NOT_BEGUN, notice
from azml.rollout.deciding.waiting import wait
from azml.rollout.driving.observing import observe, with_stable
from azml.rollout.driving.ports import Conflict, Ports, Saved, Unavailable
from azml.rollout.journals.document import Document, Head, parse
from azml.rollout.journals.journal import Entry, Looked, Shares, Told

LEASE = 180.0
"""Seconds for which a driver that says nothing is taken to be alive."""
POLL = 5.0
"""Seconds between two looks at shares that were written, or at a deployment that is not ready."""
RESTING = ENDED | {Phase.PAUSED}
"""Phases in which a driver has nothing to do."""


class NoRollout(Exception):
    """No rollout of this endpoint has begun, or its start was cut off."""


class Turn(NamedTuple):
    """What a turn has come to: the state, whose it is, and after how many seconds there is more to do.

    `head` is None where the journal could not be read yet. `trouble` is what stood in the way this time:
    another holder, or what could not be reached.
    """

    head: Head | None
    state: State
    wait: float
    trouble: str = ""


class Driver:
    """Carries out the latest rollout of an endpoint, under the name `holder`; two drivers have two names.

    `watch` is told of each entry that is new to this driver, also of those that others write.
    """

    def __init__(
        self,
        ports: Ports,
        holder: str,
        *,
        watch: Watch | None = None,
        lease: float = LEASE,
        poll: float = POLL,
    ) -> None:
        self.ports = ports
        self.holder = holder
        self.watch = watch
        self.lease = lease
        self.poll = poll
        self._journal: Document | None = None
        self._state = State()
        self._etag = ""
        self._now = 0.0
        self._asked_at = 0.0
        self._valid_until = 0.0

    def turn(self) -> Turn:
        """Do what is to be done now. Raises NoRollout and BrokenJournal, never Unavailable or Conflict."""
        try:
            document = self._read()
            if document.head.held(self.holder, self._now):
                return self._turn(self.poll, f"{document.head.holder} is carrying it out")
            acted = self._act()
        except Conflict:
            return self._turn(0.0, "another process has written to the journal in the meantime")
        except Unavailable as missing:
            return self._turn(self.poll, str(missing))
        rest = wait(self._document.plan, self._state, self._now, self.poll)
        return self._turn(0.0 if acted and self._state.intended is None else rest)

    def run(self, until: frozenset[Phase] = RESTING, each: Callable[[Turn], None] | None = None) -> Turn:
        """Turn after turn until one of these phases is reached, or the end; `each` is told of each turn.

        Then the lease is given back. Raises NoRollout and BrokenJournal.
        """
        try:
            while True:
                turn = self.turn()
                if each is not None:
                    each(turn)
                if turn.state.phase in until | ENDED and not self._has_to_tell:
                    return turn
                self.ports.clock.sleep(turn.wait)
        finally:
            self.leave()

    def leave(self) -> None:
        """Give the lease back, so that another driver need not wait until it expires."""
        if self._journal is None or self._journal.head.holder != self.holder:
            return
        try:
            self._save(self._journal.under("", 0.0))
        except (Conflict, Unavailable):
            return  # it expires

    @property
    def _has_to_tell(self) -> bool:
        return self.ports.notices is not None and bool(self._state.untold)

    @property
    def _document(self) -> Document:
        if self._journal is None:
            raise NoRollout(NOT_BEGUN)
        return self._journal

    def _turn(self, wait: float, trouble: str = "") -> Turn:
        head = None if self._journal is None else self._journal.head
        return Turn(head, self._state, wait, trouble)

    def _read(self) -> Document:
        asked_at = self.ports.clock.now()
        saved = self.ports.store.read()
        if saved is None:
            raise NoRollout(NOT_BEGUN)
        if saved.etag != self._etag:
            self._adopt(self._parsed(saved), saved)
        document = self._document
        last = document.entries[-1].at if document.entries else saved.now
        self._now = max(saved.now, last)  # time does not go back in a journal
        self._asked_at = asked_at
        return document

    def _parsed(self, saved: Saved) -> Document:
        document = parse(saved.text, self._journal)
        if self._journal is not None and not document.follows(self._journal):
            self._journal, self._state = None, State()  # another rollout
        return document

    def _adopt(self, document: Document, saved: Saved) -> None:
        known = 0 if self._journal is None else len(self._journal.entries)
        self._journal, self._etag = document, saved.etag
        for number, entry in enumerate(document.entries[known:], known + 1):
            self._state = followed(document.plan, self._state, entry, number)
            if self.watch is not None:
                self.watch(event(document, entry, self._state))

    def _save(self, document: Document) -> None:
        asked_at = self.ports.clock.now()
        saved = self.ports.store.write(document.text, self._etag)
        self._adopt(document, saved)
        self._now, self._asked_at = max(self._now, saved.now), asked_at
        self._valid_until = asked_at + document.head.expires - saved.now

    def _append(self, *entries: Entry) -> None:
        """Append, and renew the lease with it; what was observed since the journal was read took its time."""
        took = min(max(0.0, self.ports.clock.now() - self._asked_at), self.lease)
        self._save(self._document.plus(*entries).under(self.holder, self._now + took + self.lease))

    def _act(self) -> bool:
        """Do what is to be done; whether anything was, but looking."""
        if self._state.phase is Phase.DECLARED:
            raise NoRollout("the start of this rollout was interrupted: begin it again with azml rollout run")
        if self._state.phase in RESTING and not self._has_to_tell:
            return False
        self._hold()
        self._tell()
        acted = self._decided()
        self._tell()
        return acted

    def _hold(self) -> None:
        head = self._document.head
        if head.holder != self.holder or head.expires - self._now < self.lease / 2:
            self._append()

    def _decided(self) -> bool:
        plan, state, now = self._document.plan, self._state, self._now
        seen = observe(self.ports, plan, state, now)
        actions = decide(plan, state, seen, now)
        if withdraws(actions):
            actions = decide(plan, state, with_stable(self.ports, state, seen), now)
        self._carry_out(actions)
        return any(isinstance(one, Write) or not isinstance(one.entry, Looked) for one in actions)

    def _carry_out(self, actions: Sequence[Action]) -> None:
        """In their order; entries that follow each other are appended together."""
        entries: list[Entry] = []
        for action in actions:
            if isinstance(action, Append):
                entries.append(action.entry)
                continue
            # Also without entries: then the lease is whole, and nobody has asked anything meanwhile.
            self._append(*entries)
            entries = []
            self._write(action.shares)
        if entries:
            self._append(*entries)

    def _write(self, shares: Shares) -> None:
        # What is left is for the write's own way to Azure: nobody else may have begun when it gets there.
        if self._valid_until - self.ports.clock.now() < self.lease / 3:
            raise Unavailable("the lease would expire before the write: it is renewed first")
        self.ports.endpoint.write(shares)

    def _tell(self) -> None:
        """Tell who is to be told. What cannot be sent is journalled, and stops nothing."""
        if self.ports.notices is None:
            return
        for phase, webhook in self._state.untold:
            text = notice(self._document, self._state, phase, self._now)
            try:
                self.ports.notices.tell(webhook, text)
            except Unavailable as missing:
                self._append(Told(self._now, phase, webhook, str(missing)))
            else:
                self._append(Told(self._now, phase, webhook))
