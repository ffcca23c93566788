"""What the page says of a rollout is what its journal, as the engine writes it, says."""

import pytest

from azml.emulator.control.studio.rollouts import view
from azml.rollout.journals import journal
from azml.rollout.journals.document import Document
from tests.rollout.journals import Seeded, carried_out

GOOD, BAD = carried_out(Seeded(0.001)), carried_out(Seeded(0.2))


def words(document: Document, upto: int | None = None) -> tuple[str, str]:
    found = view(Document(document.head).plus(*document.entries[:upto]).text)
    assert found is not None
    return found.words, found.level


def test_a_rollout_is_told_from_its_beginning_to_its_end() -> None:
    assert words(GOOD, 0) == ("declared", "idle")
    assert words(GOOD, 2) == ("under way", "busy")
    assert words(GOOD) == ("succeeded", "good")
    assert words(BAD) == ("rolled back", "bad")


def test_it_names_who_takes_over_where_it_stands_and_why() -> None:
    found = view(BAD.text)
    assert found is not None
    assert (found.number, found.stable, found.candidate, found.step, found.steps) == (
        3,
        "blue",
        "green",
        3,
        4,
    )
    assert found.sentence in report_reason() and found.at == BAD.entries[-1].at


def report_reason() -> str:
    return next(one.reason for one in BAD.entries if isinstance(one, journal.Withdrawn))


def test_the_last_look_at_each_gate_is_in_words() -> None:
    looked = next(place for place, one in enumerate(GOOD.entries) if isinstance(one, journal.Looked))
    smoke = view(Document(GOOD.head).plus(*GOOD.entries[: looked + 1]).text)
    assert smoke is not None and [(one.name, one.found) for one in smoke.gates] == [
        ("smoke", "2 of 2 requests answered")
    ]
    shadow = next(one for one in GOOD.entries if isinstance(one, journal.Looked) and "p95" in one.looks)
    found = view(Document(GOOD.head).plus(GOOD.entries[0], shadow).text)
    assert found is not None
    given = {one.name: one.found for one in found.gates}
    assert given["agreement"] == "$[*] 498 of 500 agree"
    assert given["latency"].startswith("candidate ") and given["p95"].endswith(" s")


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ((journal.Paused(1.0, "few"),), ("paused", "warn")),
        ((journal.Stuck(1.0, "late"),), ("stuck", "bad")),
        ((journal.Asked(1.0, "abort", "me"),), ("being aborted", "warn")),
        ((journal.Asked(1.0, "abort", "me"), journal.Confirmed(2.0)), ("aborted", "idle")),
        ((journal.Paused(1.0, "few"), journal.Asked(2.0, "resume", "me")), ("resumed", "busy")),
        ((journal.Asked(1.0, "pause", "me"),), ("paused", "warn")),
    ],
)
def test_what_happened_last_says_how_it_stands(
    entries: tuple[journal.Entry, ...], expected: tuple[str, str]
) -> None:
    assert words(Document(GOOD.head).plus(*GOOD.entries[:2], *entries)) == expected


@pytest.mark.parametrize("text", ["", "{}", "no journal", '{"plan": "[]"}\n[]', "[1]\n"])
def test_what_is_no_journal_is_not_shown(text: str) -> None:
    assert view(text) is None
