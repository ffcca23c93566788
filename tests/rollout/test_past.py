"""Looks of an earlier rollout, taken together as another plan looks."""

from azml.rollout.driving.past import Past
from azml.rollout.gates import AgreementGate, Field, Gate, ThresholdGate
from azml.rollout.journals.document import Document, Head
from azml.rollout.journals.journal import Asked, Entered, Entry, Looked
from azml.rollout.judging.looks import Look, Matches, Measured, Missing, Replayed

P95 = ThresholdGate("p95", "latency_p95", 0.25)
HEAD = Head(1, "diabetes", "blue", "green", "3f2a9c10", "")


def look(gate: Gate, seconds: float, *entries: Entry) -> Look:
    return Past(Document(HEAD).plus(Entered(0.0, 0), *entries)).look(gate, 0.0, seconds, 0.0)


def test_looks_that_lie_a_second_too_far_apart_are_taken_together() -> None:
    first, second = Looked(30.5, {"p95": Measured((0.1,))}), Looked(61.0, {"p95": Measured((0.2, 0.3))})
    assert look(P95, 60.0, first, second) == Measured((0.1, 0.2, 0.3))
    assert look(P95, 59.9, first, second) == Measured((0.1,))


def test_what_else_is_written_between_two_looks_makes_neither_shorter() -> None:
    first, second = Looked(60.0, {"p95": Measured((0.1,))}), Looked(120.0, {"p95": Measured((0.2,))})
    assert look(P95, 100.0, first, Asked(100.0, "approve", "somebody"), second) == Measured((0.1,))


def test_a_look_that_found_nothing_out_takes_no_answers_away() -> None:
    gate = AgreementGate("agreement", "r", 500, (Field("$", 0.98),))
    answers = Replayed({"$": Matches(500, 500)})
    looks = [Looked(1.0, {"agreement": answers}), Looked(2.0, {"agreement": Missing("503")})]
    assert look(gate, 60.0, *looks) == answers
