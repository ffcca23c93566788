"""The states that follow an entry, where a whole rollout does not show them."""

from azml.rollout.deciding.engine import Append, Observation, decide
from azml.rollout.deciding.moves import advanced, confirmed, entered, least
from azml.rollout.deciding.replaying import apply
from azml.rollout.deciding.state import Phase, State
from azml.rollout.deciding.wishes import asked
from azml.rollout.journals.journal import Asked, Confirmed, Paused, Shares
from azml.rollout.plan import ApproveStep, RetireStep, SmokeStep
from tests.rollout.plans import plan, steps

OLD = Shares(100, 0)


def test_only_shadow_and_traffic_have_seconds_that_they_take_at_least() -> None:
    assert least(SmokeStep(())) == least(ApproveStep(60.0, "pause", ())) == least(RetireStep(60.0)) == 0


def test_shares_that_nobody_intends_any_more_are_not_confirmed() -> None:
    """A person paused it between the write and its reading back."""
    paused = State(phase=Phase.PAUSED, shares=OLD)
    assert confirmed(paused, 5.0) == apply(plan("dev"), paused, Confirmed(5.0)) == paused


def test_who_resumes_gives_it_the_whole_deadline_and_nothing_more() -> None:
    carried = plan(steps("{traffic: 100, for: 5m, gates: [errors]}", defaults="{deadline: 1h}"))
    paused = State(phase=Phase.PAUSED, shares=OLD, back=OLD, idle=500.0)
    resumed = asked(carried, paused, Asked(100.0, "resume", "somebody"))
    not_ready = Observation(OLD, ready=False)
    assert decide(carried, resumed, not_ready, 3700.0) == ()
    (action,) = decide(carried, resumed, not_ready, 3700.5)
    assert isinstance(action, Append) and isinstance(action.entry, Paused)
    assert "deadline of 60 minutes" in action.entry.reason


def test_a_write_that_was_stuck_and_is_read_back_is_stuck_no_more() -> None:
    stuck = State(phase=Phase.STUCK, shares=OLD, back=OLD, intended=Shares(95, 5), written=1.0)
    assert confirmed(stuck, 5.0).phase is Phase.SHIFTING
    assert confirmed(stuck._replace(phase=Phase.FULL), 5.0).phase is Phase.FULL


def test_a_rollout_that_has_succeeded_is_at_its_last_step() -> None:
    carried = plan("dev")
    last = entered(carried, State(shares=Shares(0, 100), back=OLD), 5.0, 1)
    found = advanced(carried, last, 9.0, "done")
    assert (found.phase, found.step) == (Phase.SUCCEEDED, 1)
    assert advanced(carried, last._replace(step=0), 9.0, "done").step == 1
