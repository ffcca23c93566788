"""A killed write in the file backend, put right."""

import json
from pathlib import Path

import pytest

from azml.cli.recovery.state_repair import repair, set_aside


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    folder = tmp_path / "stacks" / "project"
    folder.mkdir(parents=True)
    for name in ("local.json", "local.json.attrs", "local.json.bak", "local.json.bak.attrs"):
        (folder / name).write_text(json.dumps({"file": name}))
    return folder


def test_a_whole_backend_is_left_alone(stacks: Path) -> None:
    before = {path: path.read_bytes() for path in stacks.iterdir()}
    assert repair(stacks.parents[1]) == []
    assert {path: path.read_bytes() for path in stacks.iterdir()} == before


def test_half_written_attributes_go_and_the_file_stays(stacks: Path) -> None:
    (stacks / "local.json.attrs").write_text("")
    (stacks / "local.json.bak.attrs").write_text('{"user.')
    assert len(repair(stacks.parents[1])) == 2
    assert sorted(path.name for path in stacks.iterdir()) == ["local.json", "local.json.bak"]


def test_what_was_being_written_goes(stacks: Path) -> None:
    (stacks / "local.json.18eab1b8360ce923.tmp").write_text("{")
    assert repair(stacks.parents[1]) == ["removed a write that was cut off: local.json.18eab1b8360ce923.tmp"]


def test_a_state_that_is_no_json_is_replaced_by_the_one_before(stacks: Path) -> None:
    (stacks / "local.json").write_text("")
    repair(stacks.parents[1])
    assert json.loads((stacks / "local.json").read_text()) == {"file": "local.json.bak"}


def test_without_a_state_before_the_broken_one_is_kept_for_its_owner(stacks: Path) -> None:
    (stacks / "local.json").write_text("{broken")
    (stacks / "local.json.bak").write_text("{broken too")
    assert repair(stacks.parents[1]) == []
    assert (stacks / "local.json").read_text() == "{broken"


@pytest.mark.parametrize("content", ["", "\0" * 11, "{{{"])
def test_an_empty_or_broken_layout_file_is_written_anew(stacks: Path, content: str) -> None:
    meta = stacks.parents[1] / "meta.yaml"
    meta.write_text(content)
    assert len(repair(stacks.parents[1])) == 1
    assert meta.read_text() == "version: 1\n"
    assert repair(stacks.parents[1]) == []


@pytest.mark.parametrize("content", ["", "{broken", "{}", "[]"])
def test_a_state_that_cannot_be_put_right_is_kept_under_another_name(stacks: Path, content: str) -> None:
    (stacks / "local.json").write_text(content)
    (stacks / "other.json").write_text('{"version": 3, "checkpoint": {}}')
    (done,) = set_aside(stacks.parents[1])
    assert "local.json.damaged" in done
    assert (stacks / "local.json.damaged").read_text() == content
    assert not (stacks / "local.json").exists()
    assert (stacks / "other.json").exists()


def test_no_backend_needs_no_mending(tmp_path: Path) -> None:
    assert repair(tmp_path / "none") == []
