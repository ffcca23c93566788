"""How long a driver has nothing to do, and what it does not look at."""

import pytest

from azml.rollout.deciding.state import Phase, State
from azml.rollout.deciding.waiting import wait
from azml.rollout.journals.journal import Shares
from azml.rollout.plan import Plan
from tests.rollout.plans import plan, steps
from tests.rollout.simulation.candidates import Behaviour
from tests.rollout.stages import NONE, Stage

PLAN = plan(
    steps(
        "smoke: [smoke]",
        "{traffic: 10, for: 5m, gates: [errors]}",
        "approve: {within: 1h}",
        "approve: {within: 1h, while_waiting: [errors]}",
        "{traffic: 50, for: 90s}",
        "{traffic: 100, for: 5m, gates: [errors]}",
        "retire: {after: 10m}",
    )
)
SOON = plan(steps("{traffic: 100, for: 5m, gates: [errors]}", defaults="{interval: 2s}"))
MEANT = Shares(90, 10)


@pytest.mark.parametrize(
    ("carried", "state", "seconds"),
    [
        (PLAN, State(Phase.SUCCEEDED), 0.0),
        (PLAN, State(Phase.PAUSED), 60.0),
        (PLAN, State(Phase.PAUSED, intended=MEANT), 60.0),
        (PLAN, State(Phase.DECLARED), 60.0),
        (PLAN, State(Phase.SHIFTING), 5.0),
        (SOON, State(Phase.SHIFTING), 2.0),
        (PLAN, State(Phase.BAKING, 1, intended=MEANT, looked=990.0), 5.0),
        (PLAN, State(Phase.BAKING, 1, looked=990.0), 50.0),
        (PLAN, State(Phase.BAKING, 1, looked=940.5), 0.5),
        (PLAN, State(Phase.BAKING, 1, looked=940.0), 5.0),
        (PLAN, State(Phase.BAKING, 1, looked=500.0), 5.0),
        (PLAN, State(Phase.WAITING, 2, looked=500.0), 60.0),
        (PLAN, State(Phase.WAITING, 3, looked=990.0), 50.0),
        (PLAN, State(Phase.BAKING, 4, measured=50.0), 40.0),
        (PLAN, State(Phase.BAKING, 4, measured=10.0), 60.0),
        (PLAN, State(Phase.RETIRING, 6, entered=430.0), 30.0),
        (PLAN, State(Phase.RETIRING, 6, entered=900.0), 60.0),
        (PLAN, State(Phase.RETIRING, 6, entered=0.0), 5.0),
    ],
)
def test_the_next_turn_is_when_there_is_something_to_do(carried: Plan, state: State, seconds: float) -> None:
    assert wait(carried, state, 1000.0, 5.0) == seconds


def test_nothing_is_looked_at_while_somebody_else_has_the_traffic() -> None:
    stage = Stage(PLAN).begin().run(frozenset({Phase.BAKING}))
    stage.endpoint.change(stage.time.now, Shares(41, 59))
    stage.time.now += 60
    stage.look = None  # type: ignore[method-assign, assignment]
    assert stage.driver().turn().state.phase is Phase.PAUSED


def test_a_first_deployment_has_no_stable_one_to_ask() -> None:
    stage = Stage(PLAN, Behaviour(status=500), start=NONE).begin()
    stage.stable_answers = None  # type: ignore[method-assign, assignment]
    stage.endpoint.stable_small = (0.0, 1e9)
    assert stage.run().state.phase is Phase.ROLLED_BACK
