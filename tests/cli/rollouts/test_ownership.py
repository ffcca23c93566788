"""Who may move an endpoint's traffic while a rollout of it is under way."""

from pathlib import Path

import pytest

from azml.azure.rollouts import CONTAINER, blob_name
from azml.cli.clone import Clone
from azml.cli.failure import CommandError, ExitCode
from azml.cli.rollouts import outcome, ownership, people
from azml.cli.rollouts.ownership import NOWHERE, Back
from azml.cli.rollouts.session import Session
from azml.cli.rollouts.store import BlobJournal
from azml.cli.stacks.stacks import Stack
from azml.rollout.deciding.state import Phase, State
from azml.rollout.journals.document import Document, Head, parse, text_of
from azml.rollout.journals.journal import Asked, Confirmed, Entered, Entry, Intended, Shares, Started, Written
from azml.rollout.plan import Plan, TrafficStep
from tests.cli.rollouts.azure import HERE, Blobs, Wire, connection

LATEST = blob_name("ws", "echo")
STACK = """\
config:
  azml:endpoints:
    echo:
      deployments: {blue: {}, green: {}}
      rollout: dev
    bare:
      deployments: {blue: {}}
"""
BEGUN = (Started(0.0, Shares(100, 0)), Entered(1.0, 0))
ABORTED = (Asked(2.0, "abort", "one"), Intended(3.0, Shares(100, 0)), Written(4.0), Confirmed(5.0))


@pytest.fixture
def blobs() -> Blobs:
    made = Blobs(Wire(), f"/{CONTAINER}")
    made.serve(LATEST)
    return made


@pytest.fixture
def stack(tmp_path: Path, blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack whose endpoint `echo` has a plan, and its journal in memory."""
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK)
    chosen = Stack(Clone(tmp_path), "dev")
    held = connection(blobs.wire, tmp_path)
    session = Session(
        chosen,
        chosen.file.endpoint("echo"),
        held,
        "echo",
        BlobJournal(held, f"{HERE}/{CONTAINER}", "echo"),
    )
    monkeypatch.setattr(ownership, "session_of", lambda stack, declared: session)
    return chosen


def begun(blobs: Blobs, *since: Entry, stable: str = "blue") -> None:
    """Put the journal of a rollout of green there."""
    text = text_of(Plan((TrafficStep(100, 60.0, ()),)))
    document = Document(Head(1, "echo", stable, "green", "hash", text)).plus(*since)
    blobs.held[LATEST] = (document.text.encode(), '"0"')


def test_traffic_and_releases_stay_out_of_a_rollout(stack: Stack, blobs: Blobs) -> None:
    """Without a plan no journal is asked; one that has ended is in nobody's way."""
    ownership.require_none(stack, stack.file.endpoint("bare"), "a release")
    assert blobs.wire.seen == []
    echo = stack.file.endpoint("echo")
    ownership.require_none(stack, echo, "a release")
    begun(blobs, *BEGUN)
    with pytest.raises(CommandError, match="a release would interfere with a rollout") as refused:
        ownership.require_none(stack, echo, "a release")
    assert "azml rollout abort echo" in refused.value.remedy
    begun(blobs, *BEGUN, *ABORTED)
    ownership.require_none(stack, echo, "a release")


def test_a_rollback_withdraws_the_rollout_and_goes_where_it_came_from(stack: Stack, blobs: Blobs) -> None:
    echo = stack.file.endpoint("echo")
    assert ownership.withdraw_first(stack, echo, {"blue": 100}) == NOWHERE
    begun(blobs, *BEGUN)
    assert ownership.withdraw_first(stack, echo, {"blue": 95, "green": 5}) == Back("blue", True)
    assert ownership.withdraw_first(stack, echo, {"blue": 95, "green": 5}) == Back("blue", True)
    asked = [one for one in parse(blobs.held[LATEST][0].decode()).entries if isinstance(one, Asked)]
    assert [one.what for one in asked] == ["abort"]


def test_after_a_rollout_a_rollback_goes_to_the_slot_from_before(stack: Stack, blobs: Blobs) -> None:
    echo = stack.file.endpoint("echo")
    begun(blobs, *BEGUN, *ABORTED)
    assert ownership.withdraw_first(stack, echo, {"green": 100}) == Back("blue", False)
    assert ownership.withdraw_first(stack, echo, {"red": 100}) == NOWHERE


def test_a_first_deployment_has_nothing_to_roll_back_to(stack: Stack, blobs: Blobs) -> None:
    begun(blobs, Started(0.0, Shares(0, 0)), Entered(1.0, 0), stable="")
    with pytest.raises(CommandError, match="nothing to go back to"):
        ownership.withdraw_first(stack, stack.file.endpoint("echo"), {"green": 100})


def test_only_a_candidate_with_all_the_traffic_is_a_success() -> None:
    done = {phase for phase in Phase if outcome.code(State(phase=phase)) is ExitCode.DONE}
    assert done == {Phase.SUCCEEDED, Phase.RETIRING}
    ends = (Phase.ROLLED_BACK, Phase.PAUSED, Phase.STUCK, Phase.ABORTED, Phase.SUPERSEDED, Phase.BAKING)
    assert len({outcome.code(State(phase=phase)) for phase in ends}) == len(ends)


def test_a_holder_is_gone_when_its_process_on_this_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = people.holder()
    assert not people.gone(mine)
    who, _, secret = mine.rpartition(":")
    machine = who.rpartition(":")[0]

    def ended(process: int, signal: int) -> None:
        raise ProcessLookupError

    monkeypatch.setattr("os.kill", ended)
    assert people.gone(f"{machine}:12345:{secret}")
    assert not people.gone(f"somebody@elsewhere/1:12345:{secret}")
    assert not people.gone("")
