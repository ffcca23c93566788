"""Evidence from answers that were recorded: what both deployments said to the same requests."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from azml.rollout.gates import AgreementGate, Gate, RateGate, SmokeGate, ThresholdGate
from azml.rollout.journals.journal import Shares
from azml.rollout.judging.agreement import Comparison, Exchange, with_exchange
from azml.rollout.judging.looks import Counted, Look, Measured, Missing, Replayed
from azml.rollout.statistics.comparison import Seen

OK = 200


class Recorded(NamedTuple):
    """What a deployment answered to a request: the status (None: nothing), seconds, the JSON document."""

    status: int | None
    seconds: float
    document: object = None


class Pair(NamedTuple):
    """One request (its line in the file, from 1) with both deployments' answers."""

    number: int
    request: object
    stable: Recorded
    candidate: Recorded


@dataclass
class Answers:
    """Evidence from recorded answers: each minute's requests are drawn from `pairs`, with replacement.

    The endpoint gets `per_minute` requests. Smoke requests and functions that compare are `smoke` and
    `functions`, by the gates' names.
    """

    pairs: Sequence[Pair]
    per_minute: float
    shares: Callable[[], Shares]
    smoke: Callable[[SmokeGate], Look]
    functions: Mapping[str, Comparison]
    chance: Random

    def look(self, gate: Gate, since: float, until: float, entered: float) -> Look:
        """What would have happened between two moments."""
        match gate:
            case SmokeGate():
                return self.smoke(gate)
            case AgreementGate():
                return self.agreement(gate)
            case RateGate():
                return self.counted(gate, until - since)
            case ThresholdGate():
                return self.measured(gate, until - since)

    def counted(self, gate: RateGate, seconds: float) -> Look:
        """Requests, and errors or slow answers among them."""
        candidate, stable = self._requests(seconds)
        return Counted(
            _seen(gate, [pair.candidate for pair in self._drawn(candidate)]),
            _seen(gate, [pair.stable for pair in self._drawn(stable)]),
        )

    def measured(self, gate: ThresholdGate, seconds: float) -> Look:
        """The percentile of each whole minute in which the candidate had requests."""
        part = int(gate.metric.removeprefix("latency_p")) / 100
        each = self._requests(60.0)[0]
        minutes = [self._drawn(each) for _ in range(round(seconds / 60))] if each else []
        times = [sorted(pair.candidate.seconds for pair in minute) for minute in minutes]
        return Measured(tuple(one[math.ceil(part * len(one)) - 1] for one in times))

    def agreement(self, gate: AgreementGate) -> Look:
        """The whole sample at once. No request counts twice: a second time, it shows nothing new."""
        look = Replayed({})
        for number, request, stable, candidate in self.pairs[: gate.sample]:
            answer = candidate.document if candidate.status == OK else None
            exchange = Exchange(number, request, stable.document, answer)
            try:
                look = with_exchange(look, gate, exchange, self.functions.get(gate.name))
            except Exception as failed:  # a function of the user's may raise anything
                return Missing(f"{gate.function} raised {type(failed).__name__} for line {number}: {failed}")
        return look

    def _requests(self, seconds: float) -> tuple[int, int]:
        """Of the candidate and of the stable deployment; copies count for the candidate."""
        shares, total = self.shares(), self.per_minute * seconds / 60
        own = shares.mirror or shares.candidate
        return round(total * own / 100), round(total * shares.stable / 100)

    def _drawn(self, number: int) -> list[Pair]:
        return self.chance.choices(self.pairs, k=number)


def _seen(gate: RateGate, answers: Sequence[Recorded]) -> Seen:
    return Seen(len(answers), sum(_counts(gate, answer) for answer in answers))


def _counts(gate: RateGate, answer: Recorded) -> bool:
    if gate.slower_than is not None:
        return answer.seconds > gate.slower_than
    status = "none" if answer.status is None else str(answer.status)
    return status == "none" or any(status == code or _class_of(code) == status[:1] for code in gate.codes)


def _class_of(code: str) -> str | None:
    return code[0] if code.endswith("xx") else None
