"""What a person and a machine are shown of a rollout."""

import json

import pytest
from rich.console import Console

from azml.cli.rollouts import view
from azml.rollout.deciding.events import told_of
from azml.rollout.deciding.replaying import replay
from azml.rollout.journals import journal
from azml.rollout.journals.document import Document, Head, text_of
from azml.rollout.journals.journal import Entry, Shares
from tests.rollout.journals import Seeded, carried_out
from tests.rollout.plans import GATES, plan, steps

PLAN = plan(
    steps("smoke: [smoke]", "{traffic: 20, for: 15m, gates: [errors]}", "{traffic: 100}", gates=GATES)
)


def document(*entries: Entry) -> Document:
    text = text_of(PLAN)
    return Document(Head(1, "echo", "blue", "green", "hash", text)).plus(*entries)


def drawn(shown: Document, now: float) -> str:
    console = Console(width=200, no_color=True)
    with console.capture() as captured:
        console.print(view.tree(shown, replay(shown.plan, shown.entries), now))
    return captured.get()


def test_the_tree_shows_the_step_under_way_with_its_evidence() -> None:
    whole = carried_out(Seeded(0.001))
    place = next(
        n for n, one in enumerate(whole.entries) if isinstance(one, journal.Entered) and one.step == 2
    )
    half = Document(whole.head).plus(*whole.entries[: place + 4])
    shown = drawn(half, whole.entries[place + 4].at)
    assert "blue to green" in shown
    assert "> 3 traffic 10 %" in shown
    assert "errors: 0 of" in shown
    assert "* 1 smoke" in shown


def test_every_entry_has_a_line_and_a_json_object() -> None:
    """Two of one journal with all that a rollout does, and those that people and webhooks bring."""
    whole = carried_out(Seeded(0.001))
    lines = [view.line(event) for event in told_of(whole)]
    assert "rollout 3 begins: blue to green" in lines[0]
    assert any("pass: smoke" in line for line in lines)
    parsed = [json.loads(json.dumps(view.event_of(event))) for event in told_of(whole)]
    assert parsed[-1]["phase"] == "succeeded"
    assert all(one["says"] for one in parsed)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (journal.Asked(2.0, "stable_is_broken", "one"), "stable is broken was requested by one"),
        (journal.Told(2.0, "paused", "team"), "team was notified of paused"),
        (
            journal.Told(2.0, "paused", "team", "it answered 500"),
            "team was not notified of paused: it answered 500",
        ),
        (journal.Paused(2.0, "no metrics came"), "paused: no metrics came"),
    ],
)
def test_what_people_and_webhooks_bring_is_said(entry: Entry, words: str) -> None:
    begun = document(journal.Started(0.0, Shares(100, 0)), journal.Entered(1.0, 0), entry)
    assert words in view.line(list(told_of(begun))[-1])


def test_json_has_the_same_sentence_and_advice_as_a_person_reads() -> None:
    begun = document(
        journal.Started(0.0, Shares(100, 0)), journal.Entered(1.0, 0), journal.Paused(2.0, "it is night")
    )
    given = view.document_of(begun, replay(begun.plan, begun.entries), 3.0)
    assert "it is night" in given["sentence"]
    assert "azml rollout resume echo" in given["advice"]
    assert (given["phase"], given["shares"]) == ("paused", {"stable": 100, "candidate": 0, "mirror": 0})
