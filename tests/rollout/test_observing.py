"""An observation asks Azure for what its decision needs, once."""

from azml.rollout.deciding.state import Phase, State
from azml.rollout.driving.observing import observe, with_stable
from azml.rollout.journals.journal import Shares
from tests.rollout.plans import plan
from tests.rollout.stages import NEW, OLD, Stage


class Asked(Stage):
    """Notes for which shares it was asked whether the instances are ready."""

    def ready(self, shares: Shares) -> bool:
        self.told.append(("ready", shares.said))
        return super().ready(shares)


def test_what_goes_back_is_asked_for_once() -> None:
    stage = Asked(plan("dev"))
    state = State(phase=Phase.ROLLING_BACK, shares=NEW, back=OLD, withdrawing=True)
    seen = observe(stage.ports, stage.plan, state, 0.0)
    assert (seen.shares, seen.ready, seen.stable_answers) == (OLD, True, True)
    assert stage.told == [("ready", OLD.said)]


def test_where_no_share_is_written_next_no_instances_are_asked_for() -> None:
    stage = Asked(plan("dev"))
    state = State(phase=Phase.FULL, step=1, shares=OLD, back=OLD)
    assert observe(stage.ports, stage.plan, state, 0.0).ready is True and stage.told == []


def test_before_it_goes_back_the_stable_deployments_instances_are_asked_for() -> None:
    stage = Asked(plan("dev"))
    state = State(phase=Phase.FULL, step=1, shares=NEW, back=OLD)
    seen = with_stable(stage.ports, state, observe(stage.ports, stage.plan, state, 0.0))
    assert seen.ready is True and stage.told == [("ready", OLD.said)]
