"""How a rollout begins, and how people speak to one that is under way: by the journal."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from azml.rollout.deciding.replaying import apply, replay
from azml.rollout.deciding.state import ENDED, NOT_UNDER_WAY, Phase, State
from azml.rollout.deciding.status import NOT_BEGUN
from azml.rollout.deciding.wishes import begins_with_smoke, no_sense
from azml.rollout.driving.ports import Conflict, JournalStore, Ports, Saved
from azml.rollout.journals.document import Document, Head, Rejected, digest_of, parse, text_of
from azml.rollout.journals.journal import Asked, Changed, Entry, Shares, Started, Wish
from azml.rollout.plan import Plan

TRIES = 20
"""How often a wish is written where others write at the same time."""
BUSY = "other processes keep writing to the journal: try again"


class Refused(Exception):
    """A rollout does not begin, or a wish makes no sense; what would be right stands in it."""


@dataclass(frozen=True)
class Opening:
    """What a rollout begins with: who (`by`) takes which candidate's `bundle` through which plan.

    `stable` is empty where no deployment has traffic. `retry` takes a bundle that was rolled back before;
    `stable_is_broken` takes it to 100 percent right after smoke, without a comparison.
    """

    endpoint: str
    stable: str
    candidate: str
    bundle: str
    plan: Plan
    by: str
    retry: bool = False
    stable_is_broken: bool = False


class Kept(NamedTuple):
    """The journal of an endpoint's latest rollout, what it adds up to, and how it lies in the store."""

    document: Document
    state: State
    saved: Saved


def latest(store: JournalStore) -> Kept | None:
    """The latest rollout, None where there was none. Raises Unavailable, BrokenJournal."""
    saved = store.read()
    if saved is None:
        return None
    document = parse(saved.text)
    return Kept(document, replay(document.plan, document.entries), saved)


def begin(ports: Ports, opening: Opening) -> Document:
    """Begin a rollout where none is unfinished: its journal, of which nobody has the lease yet.

    Raises Refused, Unavailable, and BrokenJournal for the journal that is there.
    """
    if (opening.stable_is_broken or not opening.stable) and not begins_with_smoke(opening.plan):
        raise Refused(
            "the plan has no smoke step, and there is nothing to compare with: nothing would be known of the "
            "candidate. Put a smoke step first"
        )
    before = latest(ports.store)
    rejected = _rejected(before, opening)
    shares = _shares(ports, opening)
    if before is not None and before.state.phase is not Phase.DECLARED:
        ports.store.keep(before.document.head.name, before.saved.text)
    head = _head(before, opening, rejected)
    try:
        declared = ports.store.write(Document(head).text, before.saved.etag if before else None)
        document = Document(head).plus(*_first(opening, shares, declared.now))
        ports.store.write(document.text, declared.etag)
    except Conflict:
        raise Refused(
            "somebody else began a rollout of this endpoint at the same time: watch that one"
        ) from None
    return document


def ask(store: JournalStore, what: Wish, by: str) -> State:
    """Write down what a person wants: the state after it. Whoever has the lease follows it.

    Raises Refused where it makes no sense now, Unavailable, BrokenJournal.
    """

    def wish(kept: Kept) -> Asked:
        if why := no_sense(kept.document.plan, kept.state, what):
            raise Refused(why)
        return Asked(kept.saved.now, what, by)

    return _append(store, wish)


def compare_plan(store: JournalStore, plan: Plan) -> State:
    """Note where the stack's plan is another one than the latest rollout began with: the state after that.

    Its own `plan_changed` says what follows. Raises Refused where no rollout has begun, Unavailable,
    BrokenJournal.
    """
    digest = digest_of(text_of(plan))

    def change(kept: Kept) -> Changed | None:
        noted = any(isinstance(one, Changed) and one.digest == digest for one in kept.document.entries)
        # Not by the digests: a newer version of this tool may write the same plan with more fields.
        if noted or kept.document.plan == plan or kept.state.phase in ENDED:
            return None
        return Changed(kept.saved.now, digest)

    return _append(store, change)


def _append(store: JournalStore, entry_for: Callable[[Kept], Entry | None]) -> State:
    """Append the entry that the journal asks for as it is now, if any: the state after it."""
    for _ in range(TRIES):
        kept = _begun(store)
        entry = entry_for(kept)
        if entry is None:
            return kept.state
        try:
            store.write(kept.document.plus(entry).text, kept.saved.etag)
        except Conflict:
            continue
        return apply(kept.document.plan, kept.state, entry)
    raise Refused(BUSY)


def _begun(store: JournalStore) -> Kept:
    kept = latest(store)
    if kept is None:
        raise Refused(NOT_BEGUN)
    return kept


def _head(before: Kept | None, opening: Opening, rejected: tuple[Rejected, ...]) -> Head:
    last = 0 if before is None else before.document.head.number - (before.state.phase is Phase.DECLARED)
    return Head(
        number=last + 1,
        endpoint=opening.endpoint,
        stable=opening.stable,
        candidate=opening.candidate,
        bundle=opening.bundle,
        plan=text_of(opening.plan),
        rejected=rejected,
    )


def _first(opening: Opening, shares: Shares, now: float) -> tuple[Started | Asked, ...]:
    broken = (Asked(now, "stable_is_broken", opening.by),) if opening.stable_is_broken else ()
    retry = (Asked(now, "retry", opening.by),) if opening.retry else ()
    return Started(now, shares), *retry, *broken


def _rejected(before: Kept | None, opening: Opening) -> tuple[Rejected, ...]:
    """The bundles that stay rejected. Raises Refused where the opening's is one, or one is unfinished."""
    if before is None:
        return ()
    head, state = before.document.head, before.state
    if state.phase not in NOT_UNDER_WAY:
        raise Refused(
            f"rollout {head.number} of {head.candidate} is not finished ({state.phase.said}): wait for it, "
            "end it with azml rollout abort, or let this one take its place with --supersede"
        )
    found = {one.bundle: one for one in head.rejected}
    if state.phase is Phase.ROLLED_BACK:
        found[head.bundle] = Rejected(head.bundle, state.reason)
    if opening.retry:
        found.pop(opening.bundle, None)
    if opening.bundle in found:
        why = found[opening.bundle].reason
        raise Refused(
            f"this bundle was rolled back: {why}. Deploy another one, or try it again with azml rollout retry"
        )
    return tuple(found.values())


def _shares(ports: Ports, opening: Opening) -> Shares:
    """The shares it begins with, where it may begin: one deployment has all traffic, or none has any."""
    shares = ports.endpoint.shares()
    if shares != Shares(100 if opening.stable else 0, 0):
        owner = opening.stable or "no deployment"
        raise Refused(
            f"the traffic is {shares.said}: a rollout begins where {owner} has all "
            "of it and nothing is mirrored: move it with azml traffic"
        )
    if why := ports.endpoint.refusal():
        raise Refused(f"Azure would refuse to move the traffic: {why}")
    return shares
