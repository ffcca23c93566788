"""One decision at a time, at the second and at the share where it turns: what whole rollouts rarely meet."""

from typing import Any

import pytest

from azml.rollout.deciding.engine import DEAD, Action, Append, Observation, Write, decide, next_shares
from azml.rollout.deciding.moves import entered
from azml.rollout.deciding.state import Phase, State
from azml.rollout.journals.journal import Entry, Shares
from azml.rollout.judging.looks import Counted, Measured
from azml.rollout.plan import Plan
from azml.rollout.statistics.comparison import Seen
from tests.rollout.plans import plan, steps

PLAN = plan(
    steps(
        "smoke: [smoke]",
        "{shadow: 20, for: 2m, gates: [errors]}",
        "{traffic: 10, for: 3m, gates: [errors]}",
        "approve: {within: 20m}",
        "{traffic: 100, for: 3m, gates: [errors]}",
        "retire: {after: 10m}",
        defaults="{deadline: 1h}",
    )
)
OLD, TENTH, MOVED = Shares(100, 0), Shares(90, 10), Shares(40, 60)
BEGAN = 1000.0
BASE = State(shares=OLD, back=OLD, started=BEGAN, since=BEGAN, entered=BEGAN, looked=BEGAN)
SHIFTING = BASE._replace(phase=Phase.SHIFTING, step=2)
BACK = BASE._replace(phase=Phase.ROLLING_BACK, step=2, shares=TENTH, withdrawing=True)
WRITTEN = SHIFTING._replace(intended=TENTH, written=BEGAN)
BAD = {"errors": Counted(Seen(200, 80), Seen(3800, 4))}


def in_step(step: int, of: Plan = PLAN, **changes: Any) -> State:
    """The step began at BEGAN, and the shares are its own."""
    shares = {2: TENTH, 4: Shares(0, 100), 5: Shares(0, 100)}.get(step, OLD)
    return entered(of, BASE._replace(shares=shares), BEGAN, step)._replace(**changes)


def decided(state: State, after: float, seen: Observation, of: Plan = PLAN) -> tuple[Action, ...]:
    """So many seconds after BEGAN."""
    return decide(of, state, seen, BEGAN + after)


def kinds(actions: tuple[Action, ...]) -> list[str]:
    return [type(one.entry if isinstance(one, Append) else one).__name__ for one in actions]


def reason(actions: tuple[Action, ...], kind: str) -> str:
    """Of the one entry of this kind."""
    entries: list[Entry] = [one.entry for one in actions if isinstance(one, Append)]
    (found,) = (one for one in entries if type(one).__name__ == kind)
    return str(vars(found)["reason"])


@pytest.mark.parametrize(
    ("state", "shares"),
    [
        (SHIFTING._replace(phase=Phase.PAUSED), None),
        (SHIFTING._replace(phase=Phase.DECLARED), None),
        (SHIFTING._replace(phase=Phase.ROLLED_BACK), None),
        (BACK, OLD),
        (SHIFTING, TENTH),
        (SHIFTING._replace(step=0), Shares(100, 0, 1)),
        (SHIFTING._replace(step=1), Shares(100, 0, 20)),
        (in_step(2), None),
        (WRITTEN, TENTH),
    ],
)
def test_instances_are_wanted_for_the_shares_that_come_next(state: State, shares: Shares | None) -> None:
    assert next_shares(PLAN, state) == shares


@pytest.mark.parametrize(
    ("state", "after", "seen", "wanted"),
    [
        # It is written again an interval after the last time, where both deployments are ready for it.
        (WRITTEN, 59.9, Observation(OLD), []),
        (WRITTEN, 60, Observation(OLD), ["Write", "Written"]),
        (WRITTEN._replace(written=None), 0, Observation(OLD), ["Write", "Written"]),
        (WRITTEN._replace(written=None), 0, Observation(OLD, ready=False), []),
        (WRITTEN._replace(written=None), 0, Observation(None), []),
        (WRITTEN, 60, Observation(TENTH), ["Confirmed"]),
        (WRITTEN, 60, Observation(MOVED), ["Paused"]),
        # What goes back is written whatever is read.
        (BACK._replace(intended=OLD), 0, Observation(None, ready=None), ["Write", "Written"]),
        (BACK._replace(intended=OLD), 0, Observation(MOVED), ["Write", "Written"]),
        # It goes back as soon as the instances are there; it is told once that they are not.
        (BACK, 0, Observation(TENTH), ["Intended", "Write", "Written"]),
        (BACK, 120, Observation(TENTH, ready=False), []),
        (BACK, 120.5, Observation(TENTH, ready=False), ["Stuck"]),
        (BACK._replace(phase=Phase.STUCK), 500, Observation(TENTH, ready=False), []),
        # The deadline.
        (SHIFTING, 3600, Observation(OLD, ready=False), []),
        (SHIFTING, 3600.5, Observation(OLD, ready=False), ["Paused"]),
        (SHIFTING._replace(idle=50.0), 3650, Observation(OLD, ready=False), []),
        (SHIFTING._replace(idle=50.0), 3650.5, Observation(OLD, ready=False), ["Paused"]),
        (in_step(2, looked=BEGAN + 3500), 3601, Observation(TENTH), ["Paused"]),
        # What cannot be read: before a step that waits, the deadline counts, and not that step's own time.
        (SHIFTING._replace(step=3), 3000, Observation(None), []),
        (SHIFTING._replace(step=5), 3000, Observation(None), []),
        (in_step(5), 2400, Observation(None), []),
        (in_step(5), 2400.5, Observation(None), ["Paused"]),
        (in_step(3), 1200, Observation(None), []),
        (in_step(3), 1200.5, Observation(None), ["Withdrawn", "Intended", "Write", "Written"]),
        # Steps.
        (in_step(5), 599.9, Observation(Shares(0, 100)), []),
        (in_step(5), 600, Observation(Shares(0, 100)), ["Advanced"]),
        (in_step(2), 59, Observation(TENTH), []),
        (in_step(2), 60, Observation(TENTH), ["Looked"]),
        (in_step(2), 1800, Observation(TENTH), ["Looked"]),
        (in_step(2), 1800.5, Observation(TENTH), ["Entered"]),
    ],
)
def test_what_is_decided_at_the_second_where_it_turns(
    state: State, after: float, seen: Observation, wanted: list[str]
) -> None:
    assert kinds(decided(state, after, seen)) == wanted


@pytest.mark.parametrize(
    ("state", "after", "seen", "kind", "says"),
    [
        (
            WRITTEN,
            121,
            Observation(None),
            "Stuck",
            "stable 90 %, candidate 10 % should have been written, but after",
        ),
        (WRITTEN, 121, Observation(None), "Stuck", "after 121 seconds the endpoint cannot be read; trying"),
        (WRITTEN, 121, Observation(OLD), "Stuck", "the endpoint reads stable 100 %, candidate 0 %; trying"),
        (
            WRITTEN,
            60,
            Observation(MOVED),
            "Paused",
            "it is stable 40 %, candidate 60 %, and this rollout had",
        ),
        (SHIFTING, 3601, Observation(OLD), "Paused", "its deadline of 60 minutes has passed"),
        (
            SHIFTING,
            3601,
            Observation(OLD, ready=False),
            "Paused",
            "has passed; not all instances are ready for",
        ),
        (SHIFTING, 3601, Observation(None), "Paused", "has passed; the endpoint cannot be read"),
        (in_step(5), 2401, Observation(None), "Paused", "should have retired; the endpoint cannot be read"),
        (BACK, 121, Observation(TENTH, ready=False), "Stuck", "after 121 seconds the stable deployment does"),
    ],
)
def test_what_is_said_has_what_was_found(
    state: State, after: float, seen: Observation, kind: str, says: str
) -> None:
    found = reason(decided(state, after, seen), kind)
    assert says in found and (";" in says or ";" not in found or "trying again" in found)


@pytest.mark.parametrize(
    ("answers", "noted", "wanted"),
    [(False, False, True), (False, True, False), (True, False, False), (None, False, False)],
)
def test_that_stable_does_not_answer_is_noted_while_it_goes_back(
    answers: bool | None, noted: bool, wanted: bool
) -> None:
    seen = Observation(TENTH, stable_answers=answers)
    actions = decided(BACK._replace(noted=noted), 10, seen)
    assert ("Noted" in kinds(actions)) == wanted
    assert not wanted or reason(actions, "Noted") == DEAD


def test_a_failure_takes_the_traffic_back_where_somebody_can_take_it() -> None:
    live, shadow = in_step(2), in_step(1, shares=Shares(100, 0, 20))
    back = ["Looked", "Withdrawn", "Intended", "Write", "Written"]
    assert kinds(decided(live, 60, Observation(TENTH, looks=BAD))) == back
    assert kinds(decided(live, 60, Observation(TENTH, False, BAD))) == back[:2]
    dead = Observation(TENTH, looks=BAD, stable_answers=False)
    assert "so the traffic stays where it is" in reason(decided(live, 60, dead), "Paused")
    assert kinds(decided(shadow, 60, dead._replace(shares=Shares(100, 0, 20)))) == back


def test_a_step_without_gates_is_done_with_its_last_second() -> None:
    bare = plan("steps: [{traffic: 100, for: 3m}]")
    state = in_step(0, bare, shares=Shares(0, 100))
    seen = Observation(Shares(0, 100))
    assert kinds(decided(state, 179.5, seen, bare)) == ["Looked"]
    found = decided(state, 180, seen, bare)
    assert kinds(found) == ["Looked", "Advanced"]
    assert reason(found, "Advanced") == "no gates: nothing is checked"


@pytest.mark.parametrize(("requests", "wanted"), [(0, "Paused"), (1, "Withdrawn")])
def test_what_stays_undecided_goes_back_only_where_there_were_requests(requests: int, wanted: str) -> None:
    options = "{on_inconclusive: {at_most: 0, then: rollback}}"
    undecided = plan(steps("{traffic: 10, for: 3m, gates: [errors]}", "{traffic: 100}", defaults=options))
    state = in_step(0, undecided, shares=TENTH)
    looks = {"errors": Counted(Seen(requests, 0), Seen(19, 0))}
    assert kinds(decided(state, 180, Observation(TENTH, looks=looks), undecided))[:2] == ["Looked", wanted]


def test_a_percentile_of_nothing_takes_nothing_back() -> None:
    options = "{on_inconclusive: {at_most: 0, then: rollback}}"
    undecided = plan(steps("{traffic: 10, for: 3m, gates: [p95]}", "{traffic: 100}", defaults=options))
    state = in_step(0, undecided, shares=TENTH)
    seen = Observation(TENTH, looks={"p95": Measured(())})
    assert kinds(decided(state, 180, seen, undecided)) == ["Looked", "Paused"]
    assert Write(OLD) not in decided(state, 180, seen, undecided)
