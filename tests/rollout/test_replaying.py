"""What entries add up to, where a whole rollout does not show it."""

from dataclasses import replace

from azml.rollout.deciding.moves import entered
from azml.rollout.deciding.replaying import apply, replay
from azml.rollout.deciding.state import Phase, State
from azml.rollout.journals.journal import Looked, Noted, Shares, Started
from azml.rollout.judging.looks import Counted, Rates
from azml.rollout.statistics.comparison import Seen
from tests.rollout.plans import plan, steps

PLAN = plan(
    steps(
        "{shadow: 20, for: 2m, gates: [errors]}",
        "{traffic: 10, for: 2m, gates: [errors]}",
        "{traffic: 100, for: 2m, gates: [errors]}",
    )
)
LOOKED = Looked(160.0, {"errors": Counted(Seen(20, 0), Seen(180, 0))})
BAKING = entered(PLAN, State(shares=Shares(90, 10), back=Shares(100, 0)), 100.0, 1)


def requests(state: State) -> Seen:
    """Of the candidate."""
    found = state.tallies["errors"].found
    assert isinstance(found, Rates)
    return found.candidate


def test_a_first_deployment_begins_with_the_step_that_needs_no_other() -> None:
    assert replay(PLAN, [Started(0.0, Shares(0, 0))]).step == 2
    assert replay(PLAN, [Started(0.0, Shares(100, 0))]).step == 0


def test_a_note_is_added_to_the_reason_that_is_there() -> None:
    withdrawn = State(phase=Phase.ROLLING_BACK, reason="errors: 40 of 400")
    note = Noted(5.0, "the stable deployment does not answer")
    assert apply(PLAN, withdrawn, note).reason == "errors: 40 of 400; the stable deployment does not answer"
    assert apply(PLAN, State(), note).reason == note.reason


def test_a_look_is_added_once_to_each_state_it_is_added_to() -> None:
    """What was added last is remembered, for this look, this state and this plan."""
    after = apply(PLAN, BAKING, LOOKED)
    assert requests(after) == Seen(20, 0) and after.measured == 60.0
    other = replace(LOOKED, looks={"errors": Counted(Seen(30, 1))})
    assert requests(apply(PLAN, BAKING, other)) == Seen(30, 1)
    apply(PLAN, BAKING, LOOKED)
    assert requests(apply(PLAN, after, LOOKED)) == Seen(40, 0)
    apply(PLAN, BAKING, LOOKED)
    bare = plan("steps: [{traffic: 10}, {traffic: 100}]")
    assert apply(bare, BAKING, LOOKED).tallies == BAKING.tallies


def test_only_seconds_count_in_which_something_was_found_out() -> None:
    measured = BAKING._replace(measured=30.0)
    assert apply(PLAN, measured, Looked(160.0, {})).measured == 30.0
    assert apply(PLAN, measured, replace(LOOKED, at=100.0)).measured == 30.0
    assert apply(PLAN, measured, replace(LOOKED, at=90.0)).measured == 30.0
    assert apply(PLAN, measured, LOOKED).measured == 90.0


def test_seconds_that_do_not_count_make_a_step_a_quarter_longer_and_no_more() -> None:
    """Of two minutes, 30 seconds: from then on disturbed looks count, too."""
    disturbed = {"errors": Counted(Seen(20, 5), Seen(180, 90))}
    measured = BAKING._replace(measured=10.0)
    assert apply(PLAN, measured, Looked(140.0, disturbed)).measured == 10.0
    assert apply(PLAN, measured, Looked(141.0, disturbed)).measured == 51.0
