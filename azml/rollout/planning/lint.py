"""Proof, with made-up data, that each gate of a plan can pass and can fail."""

from collections.abc import Iterator
from dataclasses import dataclass

from azml.rollout.counts import count
from azml.rollout.gates import AgreementGate, Gate, RateGate, SmokeGate, ThresholdGate
from azml.rollout.judging.looks import (
    Answer,
    Counted,
    Look,
    Matches,
    Measured,
    Replayed,
    Smoked,
    added,
    nothing_yet,
)
from azml.rollout.judging.verdicts import Judgement, Verdict, judge
from azml.rollout.planning.explain import fixed_trials
from azml.rollout.statistics.comparison import Seen
from azml.rollout.statistics.evidence import clean_trials


@dataclass(frozen=True)
class Proof:
    """Made-up data (`given`, in words) that should have let a gate pass or fail, and what the gate said."""

    gate: Gate
    wanted: Verdict
    given: str
    found: Judgement

    @property
    def holds(self) -> bool:
        """Whether the gate gave the verdict."""
        return self.found.verdict is self.wanted


def proofs(gate: Gate) -> tuple[Proof, Proof]:
    """That it passes, and that it fails."""
    (good, good_look), (bad, bad_look) = _made_up(gate)
    return _proof(gate, Verdict.PASS, good, good_look), _proof(gate, Verdict.FAIL, bad, bad_look)


def _proof(gate: Gate, wanted: Verdict, given: str, look: Look) -> Proof:
    return Proof(gate, wanted, given, judge(gate, added(nothing_yet(gate), look), at_end=True))


def _made_up(gate: Gate) -> Iterator[tuple[str, Look]]:
    match gate:
        case RateGate():
            requests = (clean_trials if gate.evidence == "strict" else fixed_trials)(
                gate.limit, gate.alpha_pass
            )
            clean, broken = Seen(requests, 0), Seen(requests, requests)
            yield f"{count(requests, 'request')} without {gate.events}", Counted(clean, clean)
            yield f"{requests} requests, all of them {gate.events}", Counted(broken, clean)
        case ThresholdGate():
            yield f"a minute at {gate.limit / 2:g} s", Measured((gate.limit / 2,))
            yield f"a minute at {gate.limit * 2:g} s", Measured((gate.limit * 2,))
        case AgreementGate():
            for words, equal in (
                (f"{count(gate.sample, 'answer')}, all equal", gate.sample),
                ("no answer equal", 0),
            ):
                found = Matches(gate.sample, equal)
                yield words, Replayed({field.path: found for field in gate.fields})
        case SmokeGate():
            yield f"an answer with {gate.status} at once", Smoked(1, (Answer(gate.status, 0.0),))
            yield "no answer", Smoked(1, (Answer(None, 0.0),))
