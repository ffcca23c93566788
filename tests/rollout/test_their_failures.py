"""What went wrong in other tools, row by row, and that it does not here.

Each test is named after the tool and, where there is one, the issue. They run on the simulated endpoint of
`stages`; what only a live endpoint can show (lost requests, the tags of an endpoint in an update, `pulumi up`
after a rollback) is also proved in the journeys on the local Azure.
"""

import pytest

from azml.rollout.deciding.state import ENDED, Phase
from azml.rollout.driving.driver import LEASE
from azml.rollout.driving.starting import Refused
from azml.rollout.journals.journal import Entered, Extended, Intended, Looked, Shares
from azml.rollout.planning.lint import proofs
from azml.rollout.planning.reading import gates
from tests.rollout.faulty import Faulty
from tests.rollout.plans import plan, read, steps
from tests.rollout.simulation.candidates import Behaviour
from tests.rollout.stages import NEW, OLD, Stage

SHORT = plan(
    steps(
        "smoke: [smoke]",
        "{traffic: 10, for: 5m, gates: [errors]}",
        "{traffic: 100, for: 5m, gates: [errors]}",
    )
)
PROD = plan("prod")
BAD = Behaviour(own=1.0)


def until(*phases: Phase) -> frozenset[Phase]:
    return frozenset(phases)


def approving(stage: Stage, after: float) -> Stage:
    """A person approves so many seconds after the question."""
    stage.run(until(Phase.WAITING))
    stage.at[stage.time.now + after] = lambda: stage.ask("approve") and None
    return stage


def test_sagemaker_no_alarm_no_rollback() -> None:
    """A plan without gates is refused in production."""
    _, findings = read(steps("smoke: [smoke]", "{traffic: 100}"), protect=True)
    assert "moves traffic without a gate" in str(findings[0])


def test_sagemaker_an_alarm_over_both_fleets_aborts_on_old_errors() -> None:
    """Stable at 5 % errors, the candidate without: it goes on."""
    stage = Stage(SHORT, Behaviour(stable=0.05)).begin().run()
    assert stage.state.phase is Phase.SUCCEEDED


def test_flagger_a_quiet_service_rolls_back() -> None:
    """0 requests: inconclusive, extended twice, paused."""
    stage = Stage(SHORT, Behaviour(per_second=0.0)).begin().run()
    assert (stage.state.phase, stage.endpoint.actual) == (Phase.PAUSED, Shares(90, 10))
    assert len(stage.entries(Extended)) == 2 and "no requests yet" in stage.status.sentence


def test_flagger_approval_restarts_the_analysis() -> None:
    """Approved after 20 hours, it goes on at once, and the errors gate has kept running."""
    stage = approving(Stage(PROD).begin(), 20 * 3600.0)
    asked_at, step = stage.time.now, stage.state.step
    stage.run(until(Phase.BAKING))
    looks = [one for one in stage.entries(Looked) if asked_at < one.at < asked_at + 20 * 3600]
    assert len(looks) > 19 * 60
    assert stage.state.step == step + 1 and stage.time.now - asked_at < 20 * 3600 + 200


def test_argo_retries_an_aborted_rollout_by_itself() -> None:
    """After a rollback nothing happens by itself, and the reason is shown."""
    stage = Stage(SHORT, BAD).begin().run()
    text, writes = stage.blob.text, len(stage.endpoint.writes)
    for _ in range(2):
        turn = stage.driver().turn()
        assert turn.state.phase is Phase.ROLLED_BACK
    with pytest.raises(Refused, match="was rolled back: errors"):
        stage.begin()
    assert (stage.blob.text, len(stage.endpoint.writes)) == (text, writes)


def test_argo_abort_when_idle_scaled_stable_to_0() -> None:
    """Aborted when idle: nothing changes."""
    stage = Stage(SHORT).begin()
    stage.ask("abort")
    stage.run()
    assert (stage.state.phase, stage.endpoint.actual) == (Phase.ABORTED, OLD)
    assert set(stage.endpoint.writes) == {OLD}


def test_azure_put_drops_traffic() -> None:
    """An update in the middle brings earlier shares along: they are written again, and it goes on."""
    stage = Stage(SHORT).begin().run(until(Phase.BAKING))
    step = stage.state.step
    stage.at[stage.time.now + 70] = lambda: stage.endpoint.change(stage.time.now, OLD)
    stage.run(until(Phase.FULL))
    assert [one.shares for one in stage.entries(Intended)].count(Shares(90, 10)) == 2
    assert len([one for one in stage.entries(Entered) if one.step == step]) == 1


def test_azure_an_update_is_visible_late() -> None:
    """Read back 90 seconds late: no step advances early."""
    stage = Stage(SHORT)
    stage.endpoint.lag = 90.0
    stage.begin().run()
    entered = [one.at for one in stage.entries(Entered)]
    meant = [one.at for one in stage.entries(Intended)]
    assert stage.state.phase is Phase.SUCCEEDED
    assert entered[1] - meant[0] >= 90 and entered[2] - meant[1] >= 90


def test_azure_updating_is_refused() -> None:
    """The state error twice: retried, succeeds."""
    assert Stage(SHORT, refused=2).begin().run().state.phase is Phase.SUCCEEDED


def test_pulumi_interrupted() -> None:
    """Killed at every line of the journal, it comes to the same end; `test_driver` does it at every write."""
    whole = Stage(SHORT, BAD).begin()
    whole.written = 0
    whole.run()
    for kill_at in range(1, whole.written + 1):
        stage = Stage(SHORT, BAD).begin()
        stage.kill_at, stage.written = kill_at, 0
        stage.run()
        assert (stage.state.phase, stage.endpoint.actual) == (Phase.ROLLED_BACK, OLD)


def test_kserve_503_during_a_canary() -> None:
    """No share is ever given to a deployment that is not ready; requests are counted on a live endpoint."""
    stage = Stage(SHORT)
    stage.endpoint.candidate_ready_at = 900.0
    stage.begin().run()
    assert stage.state.phase is Phase.SUCCEEDED
    assert all(at >= 900 for at, shares in stage.endpoint.changes[1:] if shares.candidate)


def test_sagemaker_shadow_ignores_predictions() -> None:
    """A candidate that flips 3 % of its labels at perfect latency is rolled back by agreement."""
    stage = Stage(PROD, Behaviour(agree=0.97)).begin().run()
    assert stage.state.phase is Phase.ROLLED_BACK and "485 of 500 agree" in stage.status.sentence
    assert all(shares.candidate == 0 for _, shares in stage.endpoint.changes)


@pytest.mark.parametrize("phase", [Phase.SMOKE, Phase.SHADOW, Phase.BAKING, Phase.FULL, Phase.RETIRING])
def test_argo_4841_4461_4973_abort_never_reaches_0(phase: Phase) -> None:
    """Abort reaches 0 and stays there, whatever came before."""
    stage = Stage(PROD)
    stage.endpoint.takes, stage.endpoint.lag = 30.0, 60.0
    stage.begin()
    if phase in (Phase.FULL, Phase.RETIRING):
        approving(stage, 60.0)
    stage.run(until(phase))
    stage.ask("abort")
    stage.run()
    assert (stage.state.phase, stage.endpoint.actual) == (Phase.ABORTED, OLD)
    stage.time.now += 10_000
    assert stage.driver().turn().state.phase is Phase.ABORTED and stage.shares() == OLD


def test_argo_1774_flagger_639_stable_is_dead_and_the_fix_cannot_roll_out() -> None:
    """A person says that stable is the broken one: smoke, then 100 percent."""
    dead = Behaviour(stable=1.0, agree=0.0)
    stage = Stage(PROD, dead).begin(stable_is_broken=True).run()
    assert (stage.state.phase, stage.endpoint.writes) == (Phase.SUCCEEDED, [NEW])


@pytest.mark.parametrize("shares", [(-25, 125), (100, 5), (50, 49), (101, 0)])
def test_argo_3589_weights_of_minus_25_and_125(shares: tuple[int, int]) -> None:
    """Such weights are refused at the edge: a journal that has them is not followed."""
    stage = Stage(SHORT).begin()
    said = f'"stable":{shares[0]},"candidate":{shares[1]},"mirror":0'
    stage.blob.text += f'{{"kind":"Intended","at":1.0,"shares":{{"kind":"Shares",{said}}}}}\n'
    with pytest.raises(ValueError, match="shares that Azure refuses"):
        stage.driver().turn()
    assert stage.endpoint.writes == []


def test_argo_4612_a_rollback_sends_70_percent_to_a_canary_sized_for_5() -> None:
    """Stable has the instances for all traffic before it gets it back."""
    stage = Stage(SHORT, BAD)
    stage.endpoint.stable_small = (60.0, 700.0)
    stage.begin().run(ENDED)
    assert stage.state.phase is Phase.ROLLED_BACK
    assert all(at >= 700 for at, shares in stage.endpoint.changes[2:] if shares == OLD)


def test_flagger_1581_a_misspelt_metric_always_passes() -> None:
    """A metric that is none is a finding, and each gate is shown to pass and to fail."""
    _, findings = read(
        steps(
            "{traffic: 100, for: 5m, gates: [errors]}",
            gates="gates:\n  errors: {metric: eror_rate, max: 0.01}",
        )
    )
    assert "it could never fail" in str(findings[0])
    for gate in gates(PROD).values():
        assert all(proof.holds for proof in proofs(gate))


@pytest.mark.thorough
def test_flagger_1591_1152_loops_stuck_states_and_later_revisions_that_are_inert() -> None:
    """200 rollouts in a row, each with another fault: every one ends, and says the way out."""
    before: Stage | None = None
    seen: set[Phase] = set()
    for number in range(200):
        stage = Faulty(number)
        if before is not None:
            stage.blob, stage.time = before.blob, before.time
            stage.endpoint.time = stage.time
            stage.endpoint.change(stage.time.now, OLD)
        stage.begin(bundle=f"bundle {number}")
        stage.prepare().run(ENDED | {Phase.PAUSED, Phase.STUCK, Phase.WAITING})
        seen.add(stage.state.phase)
        assert stage.status.sentence and "azml " in stage.status.advice, stage.kind
        stage.refused, stage.endpoint.stable_small = 0, (0.0, 0.0)
        if stage.state.phase not in ENDED:
            stage.time.now += LEASE
            stage.ask("abort")
            stage.run(ENDED)
        assert stage.state.phase in ENDED and stage.document.head.number == number + 1
        before = stage
    assert seen >= {Phase.SUCCEEDED, Phase.ROLLED_BACK, Phase.PAUSED, Phase.STUCK, Phase.WAITING}


def test_kserve_2130_consecutive_canaries_leak_routes() -> None:
    """B starts while A is unfinished: A is superseded, and nothing of it is left over."""
    stage = Stage(SHORT).begin().run(until(Phase.BAKING))
    with pytest.raises(Refused, match="not finished"):
        stage.begin(bundle="b")
    stage.ask("supersede")
    assert stage.run(ENDED).state.phase is Phase.SUPERSEDED
    assert stage.endpoint.actual == OLD
    stage.begin(bundle="b").run()
    assert (stage.state.phase, stage.endpoint.actual) == (Phase.SUCCEEDED, NEW)


def test_terraform_48997_rolled_back_and_reported_as_success() -> None:
    """Each outcome is a phase of its own with a sentence of its own."""
    ends = {
        Phase.SUCCEEDED: Stage(SHORT).begin().run(),
        Phase.ROLLED_BACK: Stage(SHORT, BAD).begin().run(),
        Phase.PAUSED: Stage(SHORT, Behaviour(per_second=0.0)).begin().run(),
        Phase.STUCK: Stage(SHORT, refused=10**6).begin().run(until(Phase.STUCK)),
    }
    for phase, stage in ends.items():
        assert stage.state.phase is phase
        assert stage.status.sentence.startswith(phase.said.capitalize()) and stage.status.advice


def test_ray_63016_kuberay_3166_requests_lost_in_a_failed_update() -> None:
    """The shares that are served always add up to 100 and are of deployments that are ready."""
    stage = Stage(SHORT, BAD)
    stage.endpoint.takes = 30.0
    stage.begin().run()
    assert all(shares.stable + shares.candidate == 100 for _, shares in stage.endpoint.changes)
