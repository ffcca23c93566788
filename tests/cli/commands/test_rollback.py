"""What a move of the traffic leaves in the stack file."""

from pathlib import Path

import pytest

from azml.cli.clone import Clone
from azml.cli.endpoints.shares import keep
from azml.cli.stacks.stacks import Stack


def test_a_mirroring_that_was_ended_does_not_come_back_with_the_next_up(tmp_path: Path) -> None:
    stack = _stack(tmp_path, "{traffic: {blue: 100}, mirror_traffic: {green: 10}}")
    keep(stack, stack.file.endpoint("diabetes"), {"blue": 100}, ends_mirroring=True)
    assert "{traffic: {blue: 100}, mirror_traffic: {}}" in stack.path.read_text()


def test_a_file_that_says_so_already_is_not_touched(tmp_path: Path) -> None:
    stack = _stack(tmp_path, "{traffic:   {blue: 100}}")
    keep(stack, stack.file.endpoint("diabetes"), {"blue": 100})
    assert "{traffic:   {blue: 100}}" in stack.path.read_text()


def test_shares_that_the_files_do_not_tell_are_not_told_by_a_rollback(tmp_path: Path) -> None:
    stack = _stack(tmp_path, "{deployments: {blue: {}}}")
    keep(stack, stack.file.endpoint("diabetes"), {"blue": 100})
    assert "traffic" not in stack.path.read_text()


@pytest.mark.parametrize("file", ["name: diabetes\ntraffic: {green: 100}\n", "traffic: ["])
def test_shares_of_the_endpoints_own_file_are_overruled(tmp_path: Path, file: str) -> None:
    own = tmp_path / "scoring" / "diabetes" / "endpoint.yml"
    own.parent.mkdir(parents=True)
    own.write_text(file)
    stack = _stack(tmp_path, "{deployments: {blue: {}}}")
    keep(stack, stack.file.endpoint("diabetes"), {"blue": 100})
    assert "blue: 100" in stack.path.read_text()


def _stack(folder: Path, settings: str) -> Stack:
    stack = Stack(Clone(folder), "dev")
    stack.path.write_text(f"config:\n  azml:endpoints:\n    diabetes: {settings}\n")
    return stack
