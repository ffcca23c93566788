"""How rollouts begin and are spoken to: who may begin, what stays rejected, and what people may ask when."""

from dataclasses import replace

import pytest

from azml.rollout.deciding.state import ENDED, Phase
from azml.rollout.driving import starting
from azml.rollout.driving.driver import LEASE, NoRollout
from azml.rollout.driving.ports import Conflict, Unavailable
from azml.rollout.driving.starting import Refused, compare_plan, latest
from azml.rollout.journals.journal import Asked, Changed, Entered, Looked, Shares, Started, Wish
from tests.rollout.plans import plan, steps
from tests.rollout.simulation.candidates import Behaviour
from tests.rollout.simulation.faults import Killed
from tests.rollout.stages import NEW, NONE, OLD, Stage

SHORT = plan(
    steps(
        "smoke: [smoke]",
        "{traffic: 10, for: 3m, gates: [errors]}",
        "{traffic: 100, for: 2m, gates: [errors]}",
    )
)
ALL = plan(
    steps(
        "smoke: [smoke]",
        "{shadow: 20, for: 2m, gates: [errors]}",
        "{traffic: 10, for: 2m, gates: [errors, agreement]}",
        "approve: {within: 30m, while_waiting: [errors]}",
        "{traffic: 100, for: 2m, gates: [errors, agreement]}",
        "retire: {after: 10m}",
    )
)
CARRIES_ON = replace(SHORT, plan_changed="carry_on")
BARE = plan(steps("{traffic: 10, for: 3m, gates: [errors]}", "{traffic: 100}"))
BROKEN = Behaviour(own=1.0)
UNTIL = {phase: frozenset({phase}) for phase in Phase}


def rolled_back() -> Stage:
    return Stage(SHORT, BROKEN).begin().run()


def again(stage: Stage, **about: object) -> Stage:
    """The next rollout of the same endpoint, by a candidate that is good."""
    stage.behaviour = Behaviour()
    return stage.begin(**about).run()


def test_a_bundle_that_was_rolled_back_stays_rejected_until_a_person_tries_it_again() -> None:
    stage = rolled_back()
    with pytest.raises(Refused, match=r"rolled back: errors: \d+ of \d+ .*azml rollout retry"):
        stage.begin()
    again(stage, bundle="other")
    assert stage.state.phase is Phase.SUCCEEDED and stage.document.head.number == 2
    assert [one.bundle for one in stage.document.head.rejected] == ["abc"]
    stage.endpoint.change(stage.time.now, OLD)
    with pytest.raises(Refused, match="was rolled back"):
        stage.begin()
    again(stage, retry=True)
    assert stage.state.phase is Phase.SUCCEEDED and stage.document.head.rejected == ()
    assert [one.what for one in stage.entries(Asked)] == ["retry"]
    assert sorted(stage.blob.kept) == ["000001", "000002"]


def test_what_was_aborted_or_has_succeeded_is_not_rejected() -> None:
    stage = Stage(SHORT).begin()
    stage.ask("abort")
    stage.run()
    assert again(stage).state.phase is Phase.SUCCEEDED


@pytest.mark.parametrize("shares", [Shares(50, 50), Shares(100, 0, 20), NONE, NEW])
def test_other_spreads_are_refused_before_anything_is_written(shares: Shares) -> None:
    stage = Stage(SHORT)
    stage.endpoint.change(0.0, shares)
    with pytest.raises(Refused, match="a rollout begins where blue has all of it"):
        stage.begin()
    assert stage.blob.document is None


def test_a_write_that_azure_would_refuse_is_found_out_before_it_begins() -> None:
    stage = Stage(SHORT, refusing="the policy Change Safety wants a token")
    with pytest.raises(Refused, match="wants a token"):
        stage.begin()
    assert stage.blob.document is None and stage.endpoint.writes == []


@pytest.mark.parametrize(("start", "about"), [(NONE, {}), (OLD, {"stable_is_broken": True})])
def test_nothing_serves_everybody_without_smoke(start: Shares, about: dict[str, bool]) -> None:
    with pytest.raises(Refused, match="Put a smoke step first"):
        Stage(BARE, start=start).begin(**about)


def test_one_begins_and_the_other_is_told() -> None:
    stage = Stage(SHORT)
    write = stage.blob.write

    def late(text: str, etag: str | None) -> object:
        if "Started" in text:
            raise Conflict
        return write(text, etag)

    stage.blob.write = late  # type: ignore[method-assign, assignment]
    with pytest.raises(Refused, match="at the same time"):
        stage.begin()


def test_a_start_that_was_cut_off_is_begun_again() -> None:
    stage = Stage(SHORT)
    stage.kill_at = 2
    with pytest.raises(Killed):
        stage.begin()
    assert stage.state.phase is Phase.DECLARED
    stage.dead, stage.kill_at = False, 0
    with pytest.raises(NoRollout, match="was interrupted"):
        stage.driver().turn()
    assert stage.begin().document.head.number == 1
    assert stage.run().state.phase is Phase.SUCCEEDED


def test_an_unfinished_rollout_is_in_the_way_until_it_is_superseded() -> None:
    stage = Stage(SHORT).begin().run(UNTIL[Phase.BAKING])
    with pytest.raises(Refused, match=r"rollout 1 of green is not finished \(baking\)"):
        stage.begin(bundle="other")
    stage.ask("supersede")
    stage.run(ENDED)
    assert (stage.state.phase, stage.endpoint.actual) == (Phase.SUPERSEDED, OLD)
    assert "Superseded: blue has 100 %" in stage.status.sentence
    assert again(stage, bundle="other").state.phase is Phase.SUCCEEDED


def test_only_the_retirement_being_left_superseding_moves_nothing() -> None:
    stage = Stage(ALL).begin()
    stage.at[2000.0] = lambda: stage.ask("approve") and None
    stage.run(UNTIL[Phase.RETIRING])
    assert stage.ask("supersede").phase is Phase.SUPERSEDED
    assert stage.run(ENDED).endpoint.actual == NEW


@pytest.mark.parametrize("phase", [Phase.BAKING, Phase.SHADOW, Phase.WAITING, Phase.PAUSED])
def test_a_stable_deployment_that_is_broken_holds_no_fix_up(phase: Phase) -> None:
    stage = Stage(ALL).begin()
    if phase is Phase.PAUSED:
        stage.at[100.0] = lambda: stage.ask("pause") and None
    stage.run(UNTIL[phase])
    stage.behaviour = Behaviour(stable=1.0, agree=0.0)
    stage.ask("stable_is_broken")
    stage.run()
    assert (stage.state.phase, stage.endpoint.actual) == (Phase.SUCCEEDED, NEW)
    assert stage.time.now < 1200
    last = stage.entries(Looked)[-1]
    assert set(last.looks) == {"errors"}, "what compares with stable is void"


def test_with_stable_broken_from_the_start_smoke_leads_to_100_at_once() -> None:
    stage = Stage(ALL, Behaviour(stable=1.0, agree=0.0)).begin(stable_is_broken=True).run()
    assert stage.state.phase is Phase.SUCCEEDED and stage.endpoint.writes == [NEW]
    assert [one.step for one in stage.entries(Entered)] == [0, 4]
    assert [type(one) for one in stage.entries()[:2]] == [Started, Asked]


@pytest.mark.parametrize(
    ("phase", "what", "why"),
    [
        (Phase.BAKING, "approve", "no step is waiting for approval: the rollout is baking"),
        (Phase.BAKING, "resume", "is not paused: it is baking"),
        (Phase.BAKING, "retry", "has not ended"),
        (Phase.SUCCEEDED, "abort", "has ended: it is succeeded"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(phase: Phase, what: Wish, why: str) -> None:
    stage = Stage(SHORT).begin().run(UNTIL[phase])
    before = stage.blob.text
    with pytest.raises(Refused, match=why):
        stage.ask(what)
    assert stage.blob.text == before


def test_what_makes_no_sense_any_more_is_refused_too() -> None:
    stage = Stage(SHORT).begin().run(UNTIL[Phase.BAKING])
    stage.ask("pause")
    with pytest.raises(Refused, match="already paused: pause was requested by somebody"):
        stage.ask("pause")
    stage.ask("abort")
    for what in ("pause", "abort", "stable_is_broken"):
        with pytest.raises(Refused, match="is already going back"):
            stage.ask(what)
    assert stage.ask("supersede").ends_as is Phase.ABORTED
    first = Stage(SHORT, start=NONE).begin()
    with pytest.raises(Refused, match="nothing is compared"):
        first.ask("stable_is_broken")
    bare = Stage(BARE).begin()
    with pytest.raises(Refused, match="no smoke step"):
        bare.ask("stable_is_broken")
    late = Stage(ALL).begin()
    late.at[2000.0] = lambda: late.ask("approve") and None
    with pytest.raises(Refused, match="has all the traffic"):
        late.run(UNTIL[Phase.RETIRING]).ask("stable_is_broken")


def test_asking_where_there_is_nothing_or_too_much_is_refused() -> None:
    stage = Stage(SHORT)
    assert latest(stage) is None
    with pytest.raises(Refused, match="no rollout of this endpoint has begun"):
        stage.ask("pause")
    stage.begin()

    def busy(text: str, etag: str | None) -> object:
        raise Conflict

    stage.blob.write = busy  # type: ignore[method-assign, assignment]
    with pytest.raises(Refused, match="try again"):
        stage.ask("pause")
    with pytest.raises(Refused, match="try again"):
        compare_plan(stage, BARE)


def test_a_changed_plan_ends_the_rollout_or_not_by_the_plan_it_began_with() -> None:
    stage = Stage(SHORT).begin().run(UNTIL[Phase.BAKING])
    assert compare_plan(stage, SHORT).phase is Phase.BAKING
    assert compare_plan(stage, BARE).phase is Phase.ROLLING_BACK
    assert (stage.run().state.phase, stage.endpoint.actual) == (Phase.ABORTED, OLD)
    assert "the stack's plan has changed" in stage.status.sentence
    assert compare_plan(stage, BARE).phase is Phase.ABORTED
    goes_on = Stage(CARRIES_ON).begin().run(UNTIL[Phase.BAKING])
    compare_plan(goes_on, BARE)
    compare_plan(goes_on, BARE)
    assert len(goes_on.entries(Changed)) == 1
    assert goes_on.run().state.phase is Phase.SUCCEEDED


def test_the_same_plan_in_the_words_of_an_older_version_is_no_change() -> None:
    stage = Stage(SHORT).begin().run(UNTIL[Phase.BAKING])
    head = stage.document.head
    assert '"at_most":2,' in head.plan
    older = head._replace(plan=head.plan.replace('"at_most":2,', ""))
    stage.blob.write(stage.document._replace(head=older).text, str(stage.blob.tag))
    assert compare_plan(stage, SHORT).phase is Phase.BAKING
    assert stage.entries(Changed) == []


def test_a_plan_that_changes_while_only_the_retirement_is_left_takes_nothing_back() -> None:
    stage = Stage(ALL).begin()
    stage.at[2000.0] = lambda: stage.ask("approve") and None
    stage.run(UNTIL[Phase.RETIRING])
    compare_plan(stage, BARE)
    assert (stage.run().state.phase, stage.endpoint.actual) == (Phase.SUCCEEDED, NEW)


def test_a_rollout_is_carried_on_from_anywhere_by_its_journal_alone() -> None:
    stage = Stage(ALL).begin().run(UNTIL[Phase.WAITING])
    other = Stage(SHORT)
    other.blob, other.endpoint, other.time = stage.blob, stage.endpoint, stage.time
    other.time.now += LEASE + 1
    other.ask("approve")
    assert (other.run().state.phase, other.endpoint.actual) == (Phase.SUCCEEDED, NEW)
    found = latest(other)
    assert found is not None and found.document.plan == ALL


def test_a_start_whose_endpoint_cannot_be_read_begins_nothing() -> None:
    stage = Stage(SHORT)

    def unreadable() -> Shares:
        raise Unavailable("503")

    stage.shares = unreadable  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        stage.begin()
    assert stage.blob.document is None and starting.latest(stage) is None


def test_nothing_is_asked_of_a_rollout_that_just_begins() -> None:
    assert Stage(SHORT).begin().document.entries == (Started(0.0, OLD),)
