"""A plan is rehearsed by the driver that carries out real ones, on recorded answers or a past journal."""

from collections.abc import Callable
from random import Random

import pytest

from azml.rollout.deciding.state import Phase
from azml.rollout.driving.past import Past
from azml.rollout.driving.ports import Conflict
from azml.rollout.driving.recorded import Answers, Pair, Recorded
from azml.rollout.driving.rehearsal import MemoryStore, NoEndpoint, VirtualClock, rehearse
from azml.rollout.driving.starting import Kept, Opening
from azml.rollout.gates import AgreementGate, Field, RateGate, SmokeGate, ThresholdGate
from azml.rollout.journals.document import Document, Head
from azml.rollout.journals.journal import Looked, Shares
from azml.rollout.judging.looks import Answer, Counted, Matches, Measured, Missing, Replayed, Smoked
from azml.rollout.plan import Plan
from azml.rollout.planning.presets import PRESETS
from tests.rollout.journals import PLAN, Seeded, carried_out
from tests.rollout.plans import NOWHERE, plan, read, steps

GOOD = Recorded(200, 0.02, [1])
TENTH = Shares(90, 10)


def opening(carried: Plan, stable: str = "blue") -> Opening:
    return Opening("diabetes", stable, "green", "3f2a9c10", carried, "somebody")


def pairs(candidate: Callable[[int], Recorded] = lambda number: GOOD) -> list[Pair]:
    return [Pair(number, {"id": number}, GOOD, candidate(number)) for number in range(1, 501)]


def smoked(gate: SmokeGate) -> Smoked:
    return Smoked(1, (Answer(gate.status, 0.01),))


def answers(recorded: list[Pair], shares: Shares = TENTH, per_minute: float = 400) -> Answers:
    return Answers(recorded, per_minute, lambda: shares, smoked, {}, Random(1))


def rehearsed(carried: Plan, recorded: list[Pair], stable: str = "blue") -> Kept:
    def evidence(endpoint: NoEndpoint) -> Answers:
        return Answers(recorded, 400, endpoint.shares, smoked, {}, Random(1))

    return rehearse(opening(carried, stable), evidence)


def preset(name: str) -> Plan:
    found, findings = read(f"preset: {name}", NOWHERE)
    assert found, findings
    return found


@pytest.mark.parametrize("name", PRESETS)
def test_a_good_candidate_goes_through_every_preset_at_once(name: str) -> None:
    kept = rehearsed(preset(name), pairs())
    assert kept.state.phase is Phase.SUCCEEDED and kept.state.shares == Shares(0, 100)


@pytest.mark.parametrize(
    ("candidate", "says"),
    [
        (lambda number: Recorded(500, 0.02), "errors"),
        (lambda number: Recorded(None, 0.02), "errors"),
        (lambda number: Recorded(200, 1.0, [1]), "slow answers"),
        (lambda number: Recorded(200, 0.02, [number % 20]), "agree"),
    ],
)
def test_a_faulty_one_goes_back(candidate: Callable[[int], Recorded], says: str) -> None:
    kept = rehearsed(preset("prod"), pairs(candidate))
    assert kept.state.phase is Phase.ROLLED_BACK and says in kept.state.reason
    assert kept.state.shares == Shares(100, 0)


def test_a_first_deployment_is_rehearsed_too() -> None:
    assert rehearsed(preset("canary"), pairs(), stable="").state.phase is Phase.SUCCEEDED


def test_requests_are_dealt_out_by_share_and_copies_are_the_candidates() -> None:
    gate = RateGate("errors", 0.01)
    for shares, own, other in ((Shares(90, 10), 40, 360), (Shares(100, 0, 20), 80, 400)):
        found = answers(pairs(), shares).look(gate, 0, 60, 0)
        assert isinstance(found, Counted)
        assert (found.candidate.requests, found.stable.requests) == (own, other)


def test_a_percentile_is_that_of_each_minutes_answers() -> None:
    recorded = pairs(lambda number: Recorded(200, number / 500, [1]))
    found = answers(recorded, Shares(0, 100), 10_000).look(ThresholdGate("p", "latency_p90", 1.0), 0, 120, 0)
    assert isinstance(found, Measured) and found.values == pytest.approx((0.9, 0.9), abs=0.02)
    quiet = answers(recorded, Shares(100, 0)).look(ThresholdGate("p", "latency_p90", 1.0), 0, 120, 0)
    assert quiet == Measured(())


def test_a_request_counts_once_however_large_the_sample_is() -> None:
    kept = rehearsed(preset("prod"), pairs()[:100])
    assert kept.state.phase is Phase.PAUSED
    assert "100 of 100 agree" in kept.state.reason and "after 500 answers" in kept.state.reason


def test_a_function_that_raises_says_nothing_about_the_candidate() -> None:
    lines = "{compare: 'check.py:same', requests: requests.jsonl, at_least: 0.9}"
    carried, _ = read(f"gates: {{it: {lines}}}\nsteps: [{{traffic: 100, for: 1m, gates: [it]}}]")
    assert carried
    gate = carried.steps[0].gates[0]  # type: ignore[union-attr]
    evidence = answers(pairs())
    evidence.functions = {"it": lambda request, stable, candidate: bool(1 / 0)}
    found = evidence.look(gate, 0, 60, 0)
    assert found == Missing("check.py:same raised ZeroDivisionError for line 1: division by zero")


def in_retrospect(carried: Plan, past: Document) -> Kept:
    return rehearse(opening(carried), lambda endpoint: Past(past))


def test_the_same_plan_decides_the_same_on_the_evidence_of_its_journal() -> None:
    for errors, phase in ((0.001, Phase.SUCCEEDED), (0.2, Phase.ROLLED_BACK)):
        past = carried_out(Seeded(errors))
        kept = in_retrospect(PLAN, past)
        assert kept.state.phase is phase
        assert kept.state.reason == in_retrospect(PLAN, past).state.reason


def test_a_stricter_plan_would_have_withdrawn_what_went_through() -> None:
    past = carried_out(Seeded(0.004))
    strict = plan(
        steps("{traffic: 50, for: 10m, gates: [latency]}", "{traffic: 100, for: 1m}").replace("0.05", "0.001")
    )
    assert in_retrospect(strict, past).state.phase is Phase.ROLLED_BACK


def test_evidence_that_is_not_there_is_missing_and_pauses() -> None:
    past = carried_out(Seeded(0.2))
    longer = plan(steps("{traffic: 100, for: 5h, gates: [latency]}"))
    kept = in_retrospect(longer, past)
    assert kept.state.phase is Phase.PAUSED and "used up" in kept.state.reason
    other = plan(
        steps("{traffic: 100, for: 1m, gates: [p95]}").replace("p95:", "p50:").replace("[p95]", "[p50]")
    )
    assert "had no gate 'p50'" in in_retrospect(other, past).state.reason


def test_looks_are_handed_out_by_the_seconds_they_were_of() -> None:
    past = Past(carried_out(Seeded(0.001)))
    gate = RateGate("errors", 0.01)
    sizes = [past.look(gate, 0, seconds, 0) for seconds in (60, 300, 1)]
    requests = [one.candidate.requests if isinstance(one, Counted) else None for one in sizes]
    assert requests == [20, 100, 20]


def test_answers_that_took_longer_to_compare_than_a_plan_looks_apart_are_all_used() -> None:
    """Each look has all answers so far; what the last one had is there for later steps too."""
    gate = AgreementGate("agreement", "requests.jsonl", 500, (Field("$[*]", 0.98),))
    counts = (100, 300, 500)
    entries = [Looked(9.0 * one, {"agreement": compared(count)}) for one, count in enumerate(counts, 1)]
    past = Past(Document(Head(1, "diabetes", "blue", "green", "3f2a9c10", "")).plus(*entries))
    looks = [past.look(gate, second, second + 1, 0) for second in range(5)]
    assert looks == [compared(count) for count in (*counts, 500, 500)]


def compared(count: int) -> Replayed:
    return Replayed({"$[*]": Matches(count, count)})


def test_a_journal_in_memory_is_written_under_the_tag_that_was_read() -> None:
    store = MemoryStore(VirtualClock(5.0))
    assert store.read() is None
    first = store.write("a", None)
    assert first.now == 5.0 and store.read() == first
    for tag in (None, "0"):
        with pytest.raises(Conflict):
            store.write("b", tag)
    assert store.write("b", first.etag).etag != first.etag
