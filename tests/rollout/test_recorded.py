"""Recorded answers give the looks that the same answers would have given live."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from azml.rollout.driving.recorded import Answers, Pair, Recorded
from azml.rollout.gates import AgreementGate, Field, Gate, RateGate, ThresholdGate
from azml.rollout.journals.journal import Shares
from azml.rollout.judging.looks import Counted, Look, Matches, Measured, Missing, Replayed
from azml.rollout.statistics.comparison import Seen

OK = Recorded(200, 0.02, [1])


class InOrder(Random):
    """Draws the first ones, so that it is known which."""

    def choices(self, population: Any, *rest: Any, k: int = 1, **more: Any) -> list[Any]:
        return list(population[:k])


def look(gate: Gate, candidate: Sequence[Recorded], seconds: float = 60.0, per_minute: float = 4.0) -> Look:
    pairs = [Pair(number, {}, OK, answer) for number, answer in enumerate(candidate, 1)]
    answers = Answers(pairs, per_minute, lambda: Shares(50, 50), lambda gate: Missing("none"), {}, InOrder())
    return answers.look(gate, 1000.0, 1000.0 + seconds, 900.0)


def test_requests_are_those_of_the_seconds_between_two_looks() -> None:
    assert look(RateGate("errors", 0.01), [OK] * 9, 120.0) == Counted(Seen(4, 0), Seen(4, 0))
    assert look(ThresholdGate("p50", "latency_p50", 1.0), [OK] * 9, 3600.0) == Measured((0.02,) * 60)


def test_a_percentile_is_the_time_that_so_many_answers_did_not_exceed() -> None:
    answers = [Recorded(200, number / 1000) for number in range(1, 2001)]
    for percent in (50, 95, 99):
        gate = ThresholdGate("p", f"latency_p{percent}", 1.0)
        assert look(gate, answers, per_minute=2000.0) == Measured((percent / 100,))


@pytest.mark.parametrize(
    ("gate", "answer", "counts"),
    [
        (RateGate("errors", 0.01, codes=("408", "5xx")), Recorded(408, 0.1), True),
        (RateGate("errors", 0.01, codes=("408", "5xx")), Recorded(404, 0.1), False),
        (RateGate("errors", 0.01, codes=("408", "5xx")), Recorded(503, 0.1), True),
        (RateGate("errors", 0.01, codes=("408", "5xx")), Recorded(None, 0.1), True),
        (RateGate("slow", 0.01, slower_than=0.25), Recorded(500, 0.25), False),
        (RateGate("slow", 0.01, slower_than=0.25), Recorded(200, 0.251), True),
    ],
)
def test_what_counts_as_an_error_or_as_slow(gate: Gate, answer: Recorded, counts: bool) -> None:
    assert look(gate, [answer], per_minute=2.0) == Counted(Seen(1, int(counts)), Seen(1, 0))


def test_an_error_agrees_with_nothing_whatever_it_brings() -> None:
    gate = AgreementGate("agreement", "r", 500, (Field("$[0]", 0.98),))
    found = look(gate, [OK, Recorded(500, 0.02, [1]), Recorded(200, 0.02, [2])])
    assert isinstance(found, Replayed) and found.fields == {"$[0]": Matches(3, 1)}
