"""Numbers of things are said as people say them."""

import pytest

from azml.rollout.counts import count, times
from azml.rollout.gates import SmokeGate
from azml.rollout.judging.looks import Answer, Smoked, Tally
from azml.rollout.judging.verdicts import judge

NO_REQUESTS = Smoked(0, ())
OK = Answer(200, 0.1)


def test_one_is_not_many() -> None:
    assert [count(number, "request") for number in (0, 1, 2)] == ["0 requests", "1 request", "2 requests"]
    assert [times(number) for number in (1, 2, 3)] == ["once", "twice", "3 times"]


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (Tally(NO_REQUESTS, 1, "no answer"), "g: no answer"),
        (Tally(NO_REQUESTS, 2, "no answer"), "g: no answer (2 times in a row)"),
        (Tally(Smoked(1, (OK,))), "g: the only request is answered with 200"),
        (Tally(Smoked(2, (OK, OK))), "g: all 2 requests are answered with 200"),
    ],
)
def test_a_judgement_counts_as_people_do(found: Tally, why: str) -> None:
    assert judge(SmokeGate("g", "r"), found, at_end=True).why == why
