"""The journal as it is kept: whose it is, the plan it began with, and its entries."""

import pytest

from azml.rollout.deciding.replaying import replay
from azml.rollout.deciding.state import Phase
from azml.rollout.deciding.status import advice, sentence
from azml.rollout.journals.document import Document, Head, Rejected, parse, plan_of, text_of
from azml.rollout.journals.journal import BrokenJournal, Entered, Paused, Shares, Started
from azml.rollout.planning.reading import PHASES
from tests.rollout.plans import plan, steps
from tests.rollout.simulation.candidates import Behaviour
from tests.rollout.stages import Stage

PLAN = plan(
    steps(
        "smoke: [smoke]", "{traffic: 5, for: 1m, gates: [errors, latency, p95, agreement]}", "{traffic: 100}"
    )
    + "\nnotify: [{on: [paused], webhook: chat}]"
)
HEAD = Head(3, "diabetes", "blue", "green", "abc", text_of(PLAN), (Rejected("old", "slow"),))
BEGUN = Document(HEAD).plus(Started(1.0, Shares(100, 0)))


def test_what_is_kept_is_read_again() -> None:
    held = BEGUN.under("somebody", 180.0)
    assert parse(held.text) == held and held.plan == PLAN
    assert held.text.count("\n") == 2 and held.head.name == "000003"
    assert plan_of(text_of(plan("prod"))) == plan("prod")


@pytest.mark.parametrize(
    ("holder", "expires"), [('a "b" \\ ä', 1.5), ("one", 1e22), ("one", -3.0), ("", 0.0)]
)
def test_any_lease_is_read_again(holder: str, expires: float) -> None:
    held = BEGUN.under(holder, expires)
    assert parse(held.text).head == held.head
    assert f'"expires":{expires!r}}}' in held.text


def test_only_what_is_new_is_read() -> None:
    more = BEGUN.plus(Paused(2.0, "ä\u2028\n"))
    found = parse(more.text, BEGUN)
    assert found == more and found.entries[0] is BEGUN.entries[0]
    assert found.follows(BEGUN) and not BEGUN.follows(found)
    assert parse(BEGUN.text, more) == BEGUN


def test_a_lease_is_held_until_it_expires() -> None:
    head = BEGUN.under("one", 180.0).head
    assert head.held("two", 179.0) and not head.held("two", 180.0) and not head.held("one", 0.0)
    assert not BEGUN.head.held("two", 0.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: is not the head"),
        ("{}\n", "line 1: is not the head"),
        (BEGUN.text.replace('"number":3', '"number":"3"'), "line 1: is not the head"),
        (BEGUN.under("a", 1.0).text.replace('"expires":1.0', '"expires":1.0.0'), "line 1: is not the head"),
        ('{"kind":"Rejected","bundle":"a","reason":"b"}\n', "line 1: is not the head"),
        (BEGUN.text + "\n", "line 3: is not an entry"),
        (BEGUN.text[:-5], "line 2: is not an entry"),
    ],
)
def test_a_broken_journal_says_where(text: str, said: str) -> None:
    with pytest.raises(BrokenJournal, match=said):
        parse(text)


def test_an_entry_that_follows_from_nothing_is_named_by_its_number() -> None:
    with pytest.raises(BrokenJournal, match="entry 2: does not follow"):
        replay(PLAN, [Started(1.0, Shares(100, 0)), Entered(2.0, 77)])


@pytest.mark.parametrize("text", ["", '{"kind":"Notice","on":[],"webhook":"a"}', '{"kind":"Plan"}'])
def test_a_head_without_a_plan_is_broken(text: str) -> None:
    with pytest.raises(BrokenJournal, match="line 1: its plan cannot be read"):
        plan_of(text)


def test_every_state_has_a_sentence_and_a_advice() -> None:
    stage = Stage(PLAN, Behaviour()).begin().run()
    for phase in Phase:
        for step in range(len(PLAN.steps)):
            state = stage.state._replace(phase=phase, step=step, tallies=stage.events[2].state.tallies)
            if phase.value in ("smoke", "shadow", "baking", "full", "waiting", "retiring") and step:
                continue
            assert sentence(HEAD, PLAN, state, 100.0).endswith(".") and advice(HEAD, state).endswith(".")
    assert "declared" not in PHASES and len(PHASES) == len(Phase) - 1
