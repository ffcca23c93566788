"""How a rollout stands, in a sentence with its numbers, and what to do next."""

from typing import Any

import pytest

from azml.rollout.deciding.moves import entered
from azml.rollout.deciding.replaying import apply
from azml.rollout.deciding.state import Phase, State
from azml.rollout.deciding.status import Status, status
from azml.rollout.durations import minutes
from azml.rollout.journals.document import Document, Head, text_of
from azml.rollout.journals.journal import Looked, Shares
from azml.rollout.judging.looks import Counted
from azml.rollout.statistics.comparison import Seen
from tests.rollout.plans import plan, steps

PLAN = plan(
    steps(
        "{shadow: 20, for: 2m, gates: [errors]}",
        "{traffic: 10, for: 2m, gates: [errors]}",
        "approve: {within: 24h}",
        "{traffic: 100, for: 2m, gates: [errors]}",
        "retire: {after: 48h}",
    )
)
HEAD = Head(3, "diabetes", "blue", "green", "3f2a9c10", text_of(PLAN))
OLD, TENTH, NEW = Shares(100, 0), Shares(90, 10), Shares(0, 100)
BEGAN = 7200.0


def at(state: State, hours: float = 1.0, stable: str = "blue") -> Status:
    """So many hours after the step began."""
    return status(Document(HEAD._replace(stable=stable)), state, BEGAN + hours * 3600)


def in_step(step: int, shares: Shares, **changes: Any) -> State:
    return entered(PLAN, State(shares=shares, back=OLD), BEGAN, step)._replace(**changes)


@pytest.mark.parametrize(
    ("state", "hours", "sentence"),
    [
        (
            in_step(2, TENTH),
            1.5,
            "Step 3 of 5 (waiting): blue has 90 % and green has 10 %; 90 min of the 24.0 h for approval "
            "have passed.",
        ),
        (
            in_step(4, NEW),
            2.0,
            "Step 5 of 5 (retiring): green has 100 %; blue is free after 48.0 h; 2.0 h have passed.",
        ),
        (
            in_step(4, NEW),
            4000.0,
            "Step 5 of 5 (retiring): green has 100 %; blue is free after 48.0 h; 4000.0 h have passed.",
        ),
        (
            State(phase=Phase.PAUSED, shares=Shares(100, 0, 20), reason="pause was requested by somebody"),
            1.0,
            "Paused at step 1 of 5: pause was requested by somebody. "
            "Now blue has 100 %, 20 % mirrored to green.",
        ),
        (
            State(phase=Phase.ABORTED, reason="abort was requested by somebody"),
            1.0,
            "Aborted: no deployment has traffic; abort was requested by somebody.",
        ),
        (
            State(phase=Phase.ABORTED, shares=Shares(50, 50), reason="abort was requested by somebody"),
            1.0,
            "Aborted: blue has 50 % and green has 50 %; abort was requested by somebody.",
        ),
    ],
)
def test_the_sentence_has_its_numbers(state: State, hours: float, sentence: str) -> None:
    assert at(state, hours).sentence == sentence


def test_the_split_that_was_served_is_in_percent_of_the_requests() -> None:
    baking = in_step(1, TENTH)
    looked = apply(PLAN, baking, Looked(BEGAN + 60, {"errors": Counted(Seen(20, 0), Seen(180, 0))}))
    found = at(looked)
    assert (found.requests, found.served) == (200, 10.0)
    (judged,) = found.judgements
    assert judged.name == "errors" and "0 of 20" in judged.why
    half = apply(PLAN, baking, Looked(BEGAN + 60, {"errors": Counted(Seen(50, 0), Seen(50, 0))}))
    assert (at(half).requests, at(half).served) == (100, 50.0)
    assert (at(baking).requests, at(baking).served) == (0, None)
    waiting = at(in_step(2, TENTH))
    assert (waiting.requests, waiting.served, waiting.judgements) == (0, None, ())


PAUSED = State(phase=Phase.PAUSED, shares=TENTH, back=OLD)


@pytest.mark.parametrize(
    ("state", "stable", "advice"),
    [
        (
            PAUSED,
            "blue",
            "azml rollout resume diabetes repeats this step from its beginning; azml rollout abort "
            "diabetes gives all traffic back to blue; if blue is the broken one, azml rollout resume "
            "diabetes --stable-is-broken.",
        ),
        (
            PAUSED._replace(back=Shares(0, 0)),
            "",
            "azml rollout resume diabetes repeats this step from its beginning; azml rollout abort "
            "diabetes gives all traffic back to nobody.",
        ),
        (
            State(phase=Phase.SUCCEEDED),
            "blue",
            "Nothing is left to do; azml rollback diabetes goes back to blue.",
        ),
        (State(phase=Phase.SUCCEEDED), "", "Nothing is left to do."),
    ],
)
def test_the_advice_names_what_there_is(state: State, stable: str, advice: str) -> None:
    assert at(state, stable=stable).advice == advice


def test_a_step_that_was_extended_takes_so_much_longer() -> None:
    extended = in_step(1, TENTH, extended=2)
    assert f" of {minutes(120 + 2 * PLAN.extend)} measured" in at(extended).sentence
