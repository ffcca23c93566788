"""What is shown while a rollout goes on: a tree on a terminal, else a line for each event that is news."""

import json
from io import StringIO
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from azml.cli import terminal
from azml.cli.rollouts.screen import Screen
from azml.cli.rollouts.session import Session
from azml.rollout.deciding.events import told_of
from azml.rollout.deciding.replaying import replay
from azml.rollout.deciding.state import State
from azml.rollout.driving.driver import Turn
from azml.rollout.driving.ports import Saved
from azml.rollout.driving.starting import Kept
from azml.rollout.journals.document import Document
from azml.rollout.journals.journal import Looked
from tests.rollout.journals import Seeded, carried_out

WHOLE = carried_out(Seeded(0.001))
EVENTS = list(told_of(WHOLE))


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What is written to a stderr that is a file."""
    into = StringIO()
    monkeypatch.setattr(terminal, "err", lambda: Console(file=into, width=200, soft_wrap=True))
    return into


def session(document: Document = WHOLE) -> Session:
    state = replay(document.plan, document.entries)
    kept = Kept(document, state, Saved(document.text, "1", document.entries[-1].at))
    return cast(Session, SimpleNamespace(latest=lambda: kept))


def test_a_line_for_each_event_but_looks_that_change_no_verdict(written: StringIO) -> None:
    with Screen(session(), as_json=False) as screen:
        for event in EVENTS:
            screen.tell(event)
        screen.turned(Turn(WHOLE.head, State(), 1.0, "somebody is carrying it out"))
        screen.turned(Turn(WHOLE.head, State(), 1.0, "somebody is carrying it out"))
    lines = written.getvalue().splitlines()
    looks = sum(isinstance(one, Looked) for one in WHOLE.entries)
    assert sum("was looked at" in line for line in lines) < looks / 3
    assert sum("step 3 begins" in line for line in lines) == 1
    assert lines.count("somebody is carrying it out") == 1


def test_what_was_told_before_is_not_told_again(written: StringIO) -> None:
    with Screen(session(), as_json=False, after=WHOLE.entries[-1].at) as screen:
        for event in EVENTS:
            screen.tell(event)
    last = sum(one.at == WHOLE.entries[-1].at for one in WHOLE.entries)
    assert 0 < len(written.getvalue().splitlines()) <= last


def test_json_is_one_object_a_line(written: StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    with Screen(session(), as_json=True) as screen:
        for event in EVENTS:
            screen.tell(event)
    printed: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(printed) == len(EVENTS) and printed[-1]["phase"] == "succeeded"
    assert written.getvalue() == ""


def test_a_terminal_gets_one_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    into = StringIO()
    monkeypatch.setattr(terminal, "err", lambda: Console(file=into, width=200, force_terminal=True))
    with Screen(session(), as_json=False) as screen:
        screen.tell(EVENTS[0])
        screen.turned(Turn(WHOLE.head, State(), 0.0))
    assert "blue to green" in into.getvalue() and "begins" not in into.getvalue()
