"""An update told in few lines."""

import json
from pathlib import Path

import pytest

from azml.cli.local.engine_progress import EngineProgress, last_words
from azml.cli.terminal import Step, step

URN = "urn:pulumi:local::azml-local::azure-native:storage:Blob::"


class Heard(Step):
    """A step that keeps every word it was told."""

    def __init__(self, given: Step) -> None:
        super().__init__(given.title, given.console, None)
        self.words: list[str] = []

    def say(self, what: str) -> None:
        """Keep it."""
        self.words.append(what)


@pytest.fixture
def heard() -> Heard:
    with step("an update") as current:
        return Heard(current)


def event(kind: str, name: str, operation: str = "create") -> str:
    return json.dumps({kind: {"metadata": {"urn": f"{URN}{name}", "op": operation}}}) + "\n"


def test_it_names_what_is_under_way_and_counts_what_is_done(tmp_path: Path, heard: Heard) -> None:
    events = tmp_path / "events.jsonl"
    progress = EngineProgress(events, heard)
    progress.tell()
    events.write_text(event("resourcePreEvent", "a") + event("resourcePreEvent", "b"))
    progress.tell()
    with events.open("a") as file:
        file.write(event("resOutputsEvent", "a") + event("resourcePreEvent", "same", "same"))
    progress.tell()
    assert heard.words == ["starting", "create a, create b; starting", "create b; 1 done"]


def test_a_line_being_written_is_read_when_it_is_whole(tmp_path: Path, heard: Heard) -> None:
    events = tmp_path / "events.jsonl"
    progress = EngineProgress(events, heard)
    line = event("resourcePreEvent", "a")
    events.write_text(line[:20])
    progress.tell()
    events.write_text(line)
    progress.tell()
    assert heard.words == ["starting", "create a; starting"]


def test_many_at_once_are_counted_not_listed(tmp_path: Path, heard: Heard) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text("".join(event("resourcePreEvent", str(number)) for number in range(5)))
    EngineProgress(events, heard).tell()
    assert heard.words == ["create 0, create 1, create 2 and 2 more; starting"]


def test_rows_go_and_what_the_engine_ends_with_stays() -> None:
    """Without the engine's counts: what is kept in Azure is deleted to it."""
    rows, blocks = "Updating (local):\n +  Blob a creating (0s)\n", "Diagnostics:\n    error: no"
    counts = "Resources:\n    - 13 deleted\n\nDuration: 3s\n"
    assert last_words(f"{rows}{blocks}\n\n{counts}") == blocks
    assert last_words(f"{rows}{counts}") == ""


def test_what_was_read_and_what_was_done_are_told_apart(tmp_path: Path, heard: Heard) -> None:
    events = tmp_path / "events.jsonl"
    lines = [event(kind, "a", "refresh") for kind in ("resourcePreEvent", "resOutputsEvent")]
    lines += [event(kind, "a", "update") for kind in ("resourcePreEvent", "resOutputsEvent")]
    events.write_text("".join(lines))
    EngineProgress(events, heard).tell()
    assert heard.words == ["1 read from Azure, 1 done"]


def test_an_engine_that_never_began_is_quoted_in_full() -> None:
    assert last_words("error: could not read the stack file\n") == "error: could not read the stack file"
