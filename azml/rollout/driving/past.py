"""Evidence from the journal of an earlier rollout, for another plan."""

from collections.abc import Sequence
from typing import NamedTuple

from typing_extensions import override

from azml.rollout.driving.ports import Evidence
from azml.rollout.gates import AgreementGate, Gate, SmokeGate
from azml.rollout.journals import journal
from azml.rollout.journals.document import Document
from azml.rollout.judging.looks import Counted, Look, Measured, Missing
from azml.rollout.statistics.comparison import Seen

SLACK = 1.0
"""Seconds by which looks may lie apart from a plan's interval."""


class _Part(NamedTuple):
    """One look of the past, and how many seconds it was of."""

    seconds: float
    look: Look


class Past(Evidence):
    """Evidence from the journal of an earlier rollout: its looks, one after the other, whatever its shares.

    Time between them, in which nobody looked, is left out. When a gate's looks are used up, it has none.
    """

    def __init__(self, document: Document) -> None:
        self._left = {name: list(parts) for name, parts in _parts(document).items()}

    @override
    def look(self, gate: Gate, since: float, until: float, entered: float) -> Look:
        """As many of the gate's looks as the seconds between two moments hold; one at least."""
        left = self._left.get(gate.name)
        if left is None:
            return Missing(f"that rollout had no gate {gate.name!r}")
        wanted = until - since
        found: list[_Part] = []
        while left and (not found or sum(part.seconds for part in found) + left[0].seconds <= wanted + SLACK):
            found.append(left.pop(0))
        if not found:
            return Missing(f"that rollout's evidence for {gate.name!r} is used up")
        look = _together([part.look for part in found])
        if not left and isinstance(gate, AgreementGate | SmokeGate):
            left.append(_Part(found[-1].seconds, look))  # all there was in the end: the next step may ask
        return look


def _parts(document: Document) -> dict[str, list[_Part]]:
    """The looks at each gate, each with the seconds since the one before, or since its step was entered."""
    found: dict[str, list[_Part]] = {}
    mark = 0.0
    for entry in document.entries:
        if isinstance(entry, journal.Looked):
            for name, look in entry.looks.items():
                found.setdefault(name, []).append(_Part(entry.at - mark, look))
        if isinstance(entry, journal.Looked | journal.Entered):
            mark = entry.at
    return found


def _together(looks: Sequence[Look]) -> Look:
    """Looks at one gate as one look."""
    counted = [one for one in looks if isinstance(one, Counted)]
    if counted:
        candidate, stable = Seen(), Seen()
        for one in counted:
            candidate, stable = candidate.plus(one.candidate), stable.plus(one.stable)
        return Counted(candidate, stable)
    measured = [one for one in looks if isinstance(one, Measured)]
    if measured:
        return Measured(tuple(value for one in measured for value in one.values))
    return next((one for one in reversed(looks) if not isinstance(one, Missing)), looks[-1])
