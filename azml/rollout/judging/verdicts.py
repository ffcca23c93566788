"""From what the looks at a gate add up to, to one of four verdicts with its reason."""

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from statistics import median
from typing import NamedTuple

from azml.rollout.counts import count
from azml.rollout.gates import CONFIDENCE, AgreementGate, Field, Gate, RateGate, SmokeGate, ThresholdGate
from azml.rollout.judging.looks import Found, Matches, Rates, Replayed, Smoked, Tally, Values
from azml.rollout.statistics import evidence, intervals
from azml.rollout.statistics.comparison import Seen, allowed_part
from azml.rollout.statistics.disturbances import Disturbed


class Verdict(StrEnum):
    """What a gate says: `error` is that nothing could be found out, and says nothing about the candidate."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


Words = str | Callable[[], str]
"""A sentence, or what makes it: most looks decide nothing, and nobody reads why."""


class Judgement(NamedTuple):
    """A verdict on the gate called `name`, and one sentence why, with its numbers."""

    verdict: Verdict
    name: str
    words: Words = ""

    @property
    def why(self) -> str:
        """The sentence."""
        return f"{self.name}: {self.words if isinstance(self.words, str) else self.words()}"


def judge(gate: Gate, tally: Tally, *, at_end: bool) -> Judgement:
    """The verdict on a gate now. `at_end` is whether the step's minutes are over."""
    found, failed_looks, reason = tally
    if failed_looks:
        words = reason if failed_looks == 1 else f"{reason} ({failed_looks} times in a row)"
        return Judgement(Verdict.ERROR, gate.name, words)
    verdict, why = _judged(gate, found, at_end)
    return Judgement(verdict, gate.name, why)


def _judged(gate: Gate, found: Found, at_end: bool) -> "Reasoned":
    if isinstance(gate, RateGate) and isinstance(found, Rates):  # the most frequent one, before all patterns
        return _strict(gate, found) if gate.evidence == "strict" else _fixed(gate, found, at_end)
    match gate, found:
        case ThresholdGate(), Values() as values:
            return _threshold(gate, values.values, at_end)
        case AgreementGate(), Replayed() as replayed:
            return _agreement(gate, replayed)
        case SmokeGate(), Smoked() as smoked:
            return _smoke(gate, smoked)
    return Verdict.ERROR, "what was looked at is of another kind"


Reasoned = tuple[Verdict, Words]


def _strict(gate: RateGate, found: Rates) -> Reasoned:
    comparison = found.comparison
    if comparison is not None and comparison.shows(gate.alpha):
        return Verdict.FAIL, partial(_against_stable, gate, found)
    disturbed = found.disturbed
    if disturbed is not None and disturbed.candidate.requests:
        return _disturbed(gate, found, disturbed)
    requests, events = found.candidate
    if evidence.shows_above(events, requests, gate.limit, gate.alpha):
        return _over_the_limit(gate, found.candidate, found.stable)
    if evidence.shows_below(events, requests, gate.limit, gate.alpha_pass):
        return Verdict.PASS, partial(_under, gate, found.candidate)
    return _undecided(gate, found.candidate)


def _disturbed(gate: RateGate, found: Rates, disturbed: Disturbed) -> Reasoned:
    """Only looks in which the stable deployment kept the limit make it fail."""
    own, stable = found.candidate.minus(disturbed.candidate), found.stable.minus(disturbed.stable)
    if evidence.shows_above(own.events, own.requests, gate.limit, gate.alpha):
        verdict, why = _over_the_limit(gate, own, stable)
        return verdict, why + _left_out(gate, disturbed)
    passes = evidence.reached(disturbed.evidence_below(found.candidate), gate.alpha_pass)
    verdict = Verdict.PASS if passes else Verdict.INCONCLUSIVE
    if disturbed.few(found.candidate):
        return verdict, (_under if passes else _neither)(gate, own) + _left_out(gate, disturbed)
    return verdict, _under(gate, found.candidate) if passes else _mostly_disturbed(gate, found)


def _fixed(gate: RateGate, found: Rates, at_end: bool) -> Reasoned:
    own, stable = found.candidate, found.stable
    if not at_end or not own.requests:
        return _undecided(gate, own)
    total = own.events + stable.events
    if gate.max_ratio and stable.requests and total:
        allowed = allowed_part(own.requests, stable.requests, gate.max_ratio)
        if intervals.lower_bound(own.events, total, 1 - gate.alpha) > allowed:
            return Verdict.FAIL, partial(_against_stable, gate, found)
    if intervals.lower_bound(own.events, own.requests, 1 - gate.alpha) > gate.limit:
        return _over_the_limit(gate, own, stable)
    if intervals.upper_bound(own.events, own.requests, 1 - gate.alpha_pass) <= gate.limit:
        return Verdict.PASS, partial(_under, gate, own)
    return _undecided(gate, own)


def _over_the_limit(gate: RateGate, own: Seen, stable: Seen) -> tuple[Verdict, str]:
    """Over the limit; not by the candidate's fault where the stable deployment is over it too."""
    why = f"{_part(own)} {gate.events}, over {gate.limit:.3%}"
    if gate.max_ratio and stable.rate > gate.limit:
        return Verdict.INCONCLUSIVE, f"{why}, and the stable deployment has {_part(stable)}"
    return Verdict.FAIL, why


def _undecided(gate: RateGate, own: Seen) -> Reasoned:
    return Verdict.INCONCLUSIVE, partial(_neither, gate, own)


def _left_out(gate: RateGate, disturbed: Disturbed) -> str:
    requests, events = disturbed.candidate
    return (
        f"; left out: {count(requests, 'request')} ({events} {gate.events}) from when the stable deployment "
        f"was over it too, with {_part(disturbed.stable)}"
    )


def _mostly_disturbed(gate: RateGate, found: Rates) -> str:
    return (
        f"{_part(found.candidate)} {gate.events}, and the stable deployment has {_part(found.stable)}: "
        f"over {gate.limit:.3%} too often to tell"
    )


def _under(gate: RateGate, own: Seen) -> str:
    return f"{_part(own)} {gate.events}, under {gate.limit:.3%}"


def _neither(gate: RateGate, own: Seen) -> str:
    if not own.requests:
        return "no requests yet"
    return f"{_part(own)} {gate.events}: not yet clearly over or under {gate.limit:.3%}"


def _against_stable(gate: RateGate, found: Rates) -> str:
    return (
        f"{_part(found.candidate)} {gate.events}, and the stable deployment has {_part(found.stable)}: "
        f"more than {gate.max_ratio:g} times as many"
    )


def _part(seen: Seen) -> str:
    return f"{seen.events} of {seen.requests} ({seen.rate:.2%})"


def _threshold(gate: ThresholdGate, values: tuple[float, ...], at_end: bool) -> Reasoned:
    if not at_end or not values:
        return Verdict.INCONCLUSIVE, f"{count(len(values), 'minute')} measured"
    middle = median(values)
    why = f"the median of {count(len(values), 'minute')} is {middle:g} s, the limit {gate.limit:g} s"
    return (Verdict.PASS if middle <= gate.limit else Verdict.FAIL), why


def _agreement(gate: AgreementGate, found: Replayed) -> Reasoned:
    """The worst field decides: error before fail, fail before inconclusive."""
    none = Matches(0, 0)
    each = [_field(gate, one, found.fields.get(one.path, none)) for one in gate.fields]
    order = (Verdict.ERROR, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)
    return min(each, key=lambda reasoned: order.index(reasoned[0]))


def _field(gate: AgreementGate, wanted: Field, found: Matches) -> Reasoned:
    if found.absent:
        return (
            Verdict.ERROR,
            f"{wanted.path} finds nothing in {count(found.absent, 'answer')} of the stable deployment",
        )
    if not found.compared:
        return Verdict.INCONCLUSIVE, f"{wanted.path}: no answers compared"
    low = intervals.lower_bound(found.equal, found.compared, CONFIDENCE)
    why = (
        f"{wanted.path}: {found.equal} of {found.compared} agree, at least {low:.1%} with "
        f"{CONFIDENCE:.0%} confidence; {wanted.at_least:.1%} is required"
    )
    if found.compared >= gate.sample:
        return (Verdict.PASS if low >= wanted.at_least else Verdict.FAIL), why
    return Verdict.INCONCLUSIVE, f"{why}, after {count(gate.sample, 'answer')}"


def _smoke(gate: SmokeGate, found: Smoked) -> Reasoned:
    for answer in found.answers:
        if answer.status is None:
            return Verdict.FAIL, "a request was not answered"
        if answer.status != gate.status:
            return Verdict.FAIL, f"a request was answered with {answer.status}, not {gate.status}"
        if gate.within is not None and answer.seconds > gate.within:
            return Verdict.FAIL, f"an answer took {answer.seconds:g} s, more than {gate.within:g} s"
    if not found.wanted or len(found.answers) < found.wanted:
        return Verdict.INCONCLUSIVE, f"{len(found.answers)} of {count(found.wanted, 'request')} answered"
    return Verdict.PASS, f"{_all(found.wanted)} answered with {gate.status}"


def _all(requests: int) -> str:
    return "the only request is" if requests == 1 else f"all {requests} requests are"


ORDER = {Verdict.FAIL: 0, Verdict.ERROR: 1, Verdict.INCONCLUSIVE: 2, Verdict.PASS: 3}


def worst(judgements: tuple[Judgement, ...]) -> Judgement:
    """The one that decides a step: a failure first, then what could not be found out."""
    return min(judgements, key=lambda one: ORDER[one.verdict])
