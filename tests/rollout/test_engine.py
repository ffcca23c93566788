"""A plan is carried out, withdrawn, paused and resumed as rollouts are to be, under a clock of the test's."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from azml.rollout.deciding.engine import Append, Observation, decide, due, next_shares
from azml.rollout.deciding.moves import gates_in
from azml.rollout.deciding.replaying import replay
from azml.rollout.deciding.state import Phase, State
from azml.rollout.journals.journal import (
    Confirmed,
    Entered,
    Extended,
    Intended,
    Looked,
    Paused,
    Shares,
    Stuck,
    Withdrawn,
)
from azml.rollout.judging.looks import Counted, Look, Matches, Missing, Replayed, nothing_yet
from azml.rollout.statistics.comparison import Seen
from tests.rollout.plans import plan, steps
from tests.rollout.worlds import HEALTHY, World

PROD = plan("prod")
SHORT = plan(
    steps(
        "smoke: [smoke]",
        "{traffic: 10, for: 10m, gates: [errors]}",
        "{traffic: 100, for: 10m, gates: [errors]}",
    )
)
OLD, NEW = Shares(100, 0), Shares(0, 100)


def having(**looks: Look) -> Mapping[str, Look]:
    return {**HEALTHY, **looks}


def of(world: World, kind: type) -> list[object]:
    return [entry for entry in world.entries() if isinstance(entry, kind)]


def test_a_good_candidate_takes_over_step_by_step() -> None:
    world = World(PROD).start().run()
    assert world.state.phase is Phase.SUCCEEDED
    assert world.writes == [
        Shares(100, 0, 20),
        OLD,
        Shares(95, 5),
        Shares(75, 25),
        Shares(50, 50),
        NEW,
    ]
    assert [one.step for one in of(world, Entered)] == list(range(8))  # type: ignore[attr-defined]


def test_the_same_events_give_the_same_journal() -> None:
    assert World(PROD).start().run().lines == World(PROD).start().run().lines


def test_one_that_throws_is_withdrawn_at_once() -> None:
    broken = having(errors=Counted(Seen(20, 20), Seen(380, 0)))
    world = World(SHORT, looks=lambda now: broken).start().run()
    assert (world.state.phase, world.shares) == (Phase.ROLLED_BACK, OLD)
    assert "errors: 20 of 20 (100.00%) errors" in world.state.reason
    assert world.now < 600


def test_one_that_flips_3_percent_of_its_answers_is_withdrawn() -> None:
    flips = having(agreement=Replayed({"$[*]": Matches(500, 485)}))
    world = World(PROD, looks=lambda now: flips).start().run()
    assert world.state.phase is Phase.ROLLED_BACK and "485 of 500 agree" in world.state.reason
    assert world.writes == [Shares(100, 0, 20), OLD]


def test_old_errors_of_the_stable_deployment_hold_nobody_up() -> None:
    looks = having(errors=Counted(Seen(200, 0), Seen(3800, 190)))
    assert World(SHORT, looks=lambda now: looks).start().run().state.phase is Phase.SUCCEEDED


def test_without_requests_it_is_extended_twice_and_paused() -> None:
    quiet = having(errors=Counted(Seen(0, 0), Seen(0, 0)))
    world = World(SHORT, looks=lambda now: quiet).start().run()
    assert world.state.phase is Phase.PAUSED and world.shares == Shares(90, 10)
    assert len(of(world, Extended)) == 2
    assert world.now >= 30 * 60


def test_without_metrics_it_is_paused_and_never_withdrawn() -> None:
    world = World(SHORT, looks=lambda now: having(errors=Missing("503"))).start().run()
    assert (world.state.phase, world.shares) == (Phase.PAUSED, Shares(90, 10))
    assert world.state.reason == "errors: 503 (5 times in a row)"


def test_four_failed_looks_in_a_row_are_tolerated_and_count_no_minute() -> None:
    def looks(now: float) -> Mapping[str, Look]:
        return HEALTHY if now % 300 < 60 else having(errors=Missing("503"))

    world = World(SHORT, looks=looks).start().run()
    assert world.state.phase is Phase.SUCCEEDED
    assert world.now > 3 * World(SHORT).start().run().now


def test_evidence_that_is_looked_at_once_is_not_extended() -> None:
    fixed = replace(SHORT, steps=plan(steps(
        "{traffic: 10, for: 10m, gates: [errors]}", "{traffic: 100, for: 10m, gates: [errors]}",
        defaults="{evidence: fixed}",
    )).steps)  # fmt: skip
    few = having(errors=Counted(Seen(5, 0), Seen(95, 0)))
    world = World(fixed, looks=lambda now: few).start().run()
    assert (world.state.phase, of(world, Extended)) == (Phase.PAUSED, [])
    assert World(fixed).start().run().state.phase is Phase.SUCCEEDED


def test_an_approval_after_20_hours_goes_on_at_once_and_errors_are_watched_meanwhile() -> None:
    world = World(PROD).start().run(until=frozenset({Phase.WAITING}))
    for _ in range(20 * 60):
        world.tick()
    assert world.state.phase is Phase.WAITING
    assert len(of(world, Looked)) > 20 * 60
    world.ask("approve")
    world.tick()
    assert world.shares == Shares(50, 50)
    assert world.run().state.phase is Phase.SUCCEEDED  # the deadline of 6 hours counts no waiting


def test_a_failure_while_a_person_is_awaited_withdraws() -> None:
    world = World(PROD).start().run(until=frozenset({Phase.WAITING}))
    world.looks = lambda now: having(errors=Counted(Seen(100, 50), Seen(300, 0)))
    assert world.run().state.phase is Phase.ROLLED_BACK


@pytest.mark.parametrize(("otherwise", "phase"), [("rollback", "rolled_back"), ("pause", "paused")])
def test_nobody_approves(otherwise: str, phase: str) -> None:
    approve = f"approve: {{within: 30m, otherwise: {otherwise}}}"
    text = steps("smoke: [smoke]", approve, "{traffic: 100, for: 5m, gates: [errors]}")
    world = World(plan(text)).start().run()
    assert (world.state.phase, world.state.reason) == (phase, "nobody approved within 0.5 hours")


def test_a_late_read_advances_nothing_early() -> None:
    world = World(SHORT, visible_after=90).start().run()
    assert world.state.phase is Phase.SUCCEEDED
    entries = list(world.entries())
    writes = [entry for entry in entries if isinstance(entry, Intended | Confirmed)]
    assert all(after.at - before.at >= 90 for before, after in zip(writes[::2], writes[1::2], strict=True))


def test_a_write_that_is_never_read_back_is_stuck_and_tried_on() -> None:
    world = World(SHORT, visible_after=10**6).start().run(until=frozenset({Phase.STUCK}))
    assert len(of(world, Stuck)) == 1
    assert "after 180 seconds the endpoint reads stable 100 %" in world.state.reason
    tried = len(world.writes)
    world.tick()
    assert len(world.writes) == tried + 1
    world.visible_after, world.late = 0.0, []
    assert world.run().state.phase is Phase.SUCCEEDED


def test_an_update_that_brings_earlier_shares_along_is_corrected_once() -> None:
    world = World(SHORT).start().run(until=frozenset({Phase.BAKING}))
    world.shares = OLD
    world.tick()
    assert (world.shares, world.state.phase) == (Shares(90, 10), Phase.BAKING)
    world.tick()
    world.shares = OLD
    world.tick()
    assert world.state.phase is Phase.PAUSED and "somebody else moved the traffic" in world.state.reason
    assert world.shares == OLD


@pytest.mark.parametrize("phase", [Phase.BAKING, Phase.SMOKE, Phase.SHIFTING])
def test_traffic_that_somebody_moved_is_left_where_it_is_until_a_person_resumes(phase: Phase) -> None:
    world = World(SHORT).start().run(until=frozenset({phase}))
    world.shares = Shares(40, 60)
    world.tick()
    world.tick()
    assert (world.state.phase, world.shares) == (Phase.PAUSED, Shares(40, 60))
    world.ask("resume")
    assert world.run().state.phase is Phase.SUCCEEDED


def test_a_first_deployment_passes_smoke_and_goes_to_100() -> None:
    world = World(PROD, shares=Shares(0, 0)).start().run()
    assert (world.state.phase, world.writes) == (Phase.SUCCEEDED, [NEW])
    assert [one.step for one in of(world, Entered)] == [0, 6]  # type: ignore[attr-defined]


def test_a_candidate_that_is_not_ready_gets_nothing_and_the_deadline_ends_it() -> None:
    world = World(SHORT, ready=lambda now: False).start().run()
    assert (world.state.phase, world.writes) == (Phase.PAUSED, [])
    assert "deadline of 360 minutes" in world.state.reason


def test_on_fail_may_pause() -> None:
    broken = having(errors=Counted(Seen(20, 20), Seen(380, 0)))
    careful = replace(SHORT, on_fail="pause")
    assert World(careful, looks=lambda now: broken).start().run().state.phase is Phase.PAUSED


def test_a_long_gap_repeats_the_step() -> None:
    world = World(SHORT).start().run(until=frozenset({Phase.BAKING}))
    for _ in range(5):
        world.tick()
    world.now += 3600
    world.tick()
    assert world.state.measured == 0
    assert [one.step for one in of(world, Entered)] == [0, 1, 1]  # type: ignore[attr-defined]


@pytest.mark.parametrize("phase", [Phase.SMOKE, Phase.SHADOW, Phase.BAKING, Phase.WAITING, Phase.FULL])
def test_abort_goes_back_from_every_phase_and_stays_there(phase: Phase) -> None:
    world = World(PROD).start().run(until=frozenset({phase}))
    world.ask("abort")
    assert world.run().state.phase is Phase.ABORTED
    assert world.shares == OLD
    for what in ("abort", "resume", "approve", "pause"):
        world.ask(what)
        assert world.tick() == ()
    assert (world.state.phase, world.shares) == (Phase.ABORTED, OLD)


def test_abort_from_a_pause_goes_back_too() -> None:
    world = World(SHORT).start().run(until=frozenset({Phase.BAKING}))
    world.ask("pause")
    world.tick()
    assert world.tick() == ()
    world.ask("abort")
    assert (world.run(until=frozenset({Phase.ABORTED})).shares, len(of(world, Withdrawn))) == (OLD, 0)


def test_what_is_asked_in_vain_changes_nothing() -> None:
    idle = World(SHORT)
    for what in ("abort", "resume", "approve", "pause"):
        idle.ask(what)
    assert idle.state == State() and idle.tick() == ()
    world = World(SHORT).start().run(until=frozenset({Phase.BAKING}))
    before = world.state
    world.ask("approve")
    world.ask("resume")
    assert world.state == before


def ends(found: World) -> tuple[Phase, Shares]:
    return found.state.phase, found.shares


@pytest.mark.parametrize("fails", [False, True])
def test_killed_between_any_two_actions_it_ends_in_the_same_state(fails: bool) -> None:
    bad = having(errors=Counted(Seen(200, 40), Seen(3800, 4)))

    def world(kill_at: int | None = None) -> World:
        looks = (lambda now: bad if now > 1800 else HEALTHY) if fails else (lambda now: HEALTHY)
        return World(SHORT if not fails else PROD, looks=looks, kill_at=kill_at).start().run()

    whole = world()
    for kill_at in range(1, whole.done + 1):
        assert ends(world(kill_at)) == ends(whole), kill_at


def test_nothing_is_known_and_nothing_is_done() -> None:
    world = World(SHORT).start().run(until=frozenset({Phase.BAKING}))
    before = len(world.lines)
    for _ in range(10):
        assert world.tick(unreadable=True) == ()
    assert len(world.lines) == before


def test_a_day_of_looks_is_decided_from_the_journal_alone() -> None:
    long = plan(steps("{traffic: 5, for: 1d, gates: [errors]}", "{traffic: 100}", defaults="{deadline: 2d}"))
    world = World(long).start().run()
    assert len(of(world, Looked)) > 1440 and replay(long, world.entries()) == world.state


def test_a_decision_of_an_ended_rollout_is_none() -> None:
    assert decide(SHORT, State(phase=Phase.SUCCEEDED), Observation(OLD), 0.0) == ()


def test_evidence_that_is_looked_at_once_is_closed_at_the_end_of_the_step() -> None:
    text = steps("{traffic: 100, for: 2m, gates: [errors, agreement]}", defaults="{evidence: fixed}")
    world = World(plan(text)).start().run(until=frozenset({Phase.FULL}))
    world.looks = lambda now: having(agreement=Replayed({"$[*]": Matches(10, 10)}))
    world.tick()
    world.tick()
    assert world.state.measured == 120 and world.state.phase is Phase.FULL
    before = world.state.tallies["errors"]
    world.looks = lambda now: having(errors=Counted(Seen(1000, 1000), Seen(0, 0)), agreement=Missing("503"))
    world.tick()
    assert world.state.tallies["errors"] == before


@pytest.mark.parametrize(
    ("step", "phase", "after", "reason"),
    [
        ("approve: {within: 30m}", Phase.WAITING, 30, "nobody approved within 0.5 hours"),
        (
            "retire: {after: 10m}",
            Phase.RETIRING,
            40,
            "the old slot should have retired; the endpoint cannot be read",
        ),
    ],
)
def test_waiting_ends_where_the_endpoint_cannot_be_read(
    step: str, phase: Phase, after: int, reason: str
) -> None:
    last = "{traffic: 100, for: 5m, gates: [errors]}"
    order = ("smoke: [smoke]", step, last) if phase is Phase.WAITING else ("smoke: [smoke]", last, step)
    world = World(plan(steps(*order))).start().run(until=frozenset({phase}))
    world.now = world.state.entered
    for _ in range(after + 1):
        assert world.state.phase is phase
        world.tick(unreadable=True)
    world.tick(unreadable=True)
    assert world.state.phase in (Phase.PAUSED, Phase.ROLLING_BACK) and world.state.reason == reason


def test_a_step_is_extended_as_soon_as_its_time_is_over_and_not_before() -> None:
    quiet = having(errors=Counted(Seen(0, 0), Seen(0, 0)))
    world = World(SHORT, looks=lambda now: quiet).start().run()
    begun = [one.at for one in world.entries() if isinstance(one, Entered)][1]
    assert [one.at - begun for one in world.entries() if isinstance(one, Extended)] == [600, 1200]
    assert [one.at - begun for one in world.entries() if isinstance(one, Paused)] == [1800]


def test_a_gate_is_due_once_an_interval_and_not_after_a_gap() -> None:
    world = World(SHORT).start().run(until=frozenset({Phase.BAKING}))
    state = world.state
    gates = SHORT.steps[1].gates  # type: ignore[union-attr]
    assert [due(SHORT, state, state.looked + gap) for gap in (59.0, 60.0, 1800.0, 1801.0)] == [
        (),
        gates,
        gates,
        (),
    ]
    assert due(SHORT, state._replace(phase=Phase.WAITING), state.looked + 1801.0) == gates
    assert due(SHORT, state._replace(intended=OLD), state.looked + 60.0) == ()
    assert due(SHORT, state._replace(phase=Phase.PAUSED), state.looked + 60.0) == ()


def test_what_a_person_resumed_holds_for_that_step_only() -> None:
    world = World(SHORT).start().run(until=frozenset({Phase.BAKING}))
    world.ask("pause")
    world.ask("resume")
    world.run(until=frozenset({Phase.BAKING}))
    world.run(until=frozenset({Phase.SHIFTING}))
    world.shares = Shares(40, 60)
    world.tick()
    assert (world.state.phase, world.shares) == (Phase.PAUSED, Shares(40, 60))


def test_a_candidate_that_is_alone_is_compared_with_nothing() -> None:
    gates = "{traffic: 100, for: 5m, gates: [errors, latency, agreement]}"
    carried = plan(steps("smoke: [smoke]", gates))
    compared = State(step=1, back=OLD)
    assert [gate.name for gate in gates_in(carried, compared)] == ["errors", "latency", "agreement"]
    for alone in (State(step=1), compared._replace(stable_is_broken=True)):
        found = gates_in(carried, alone)
        assert [gate.name for gate in found] == ["errors", "latency"]
        assert all(getattr(gate, "max_ratio", None) is None for gate in found)


def test_instances_have_to_be_ready_for_what_is_written_next() -> None:
    assert next_shares(SHORT, State(Phase.BAKING, 1, back=OLD)) is None
    assert next_shares(SHORT, State(Phase.BAKING, 1, back=OLD, intended=OLD)) == OLD
    assert next_shares(SHORT, State(Phase.SHIFTING, 1, back=OLD, intended=NEW)) == NEW
    assert next_shares(SHORT, State(Phase.SHIFTING, 1, back=OLD)) == Shares(90, 10)


def test_a_person_is_awaited_to_the_last_second_and_looks_go_on_at_their_interval() -> None:
    asks = plan(
        steps(
            "{traffic: 10, for: 1m, gates: [errors]}",
            "approve: {within: 1h, while_waiting: [errors]}",
            "{traffic: 100, for: 1m, gates: [errors]}",
        )
    )
    shares = Shares(90, 10)
    waiting = State(Phase.WAITING, 1, shares=shares, back=OLD, entered=0.0, looked=3590.0)
    assert decide(asks, waiting, Observation(shares), 3600.0) == ()
    assert decide(asks, waiting, Observation(shares), 3600.5) != ()
    errors = gates_in(asks, waiting)[0]
    watched = waiting._replace(looked=3000.0, tallies={errors.name: nothing_yet(errors)})
    bad = Observation(shares, looks={errors.name: Counted(Seen(100, 100), Seen(900, 0))})
    entries = [one.entry for one in decide(asks, watched, bad, 3500.0) if isinstance(one, Append)]
    assert any(isinstance(one, Withdrawn) for one in entries)
