"""The stack that is selected, as Pulumi's file says; tests/cli/commands/test_sample_up.py asks a real one."""

import hashlib
import json
from pathlib import Path

import pytest

from azml.cli.recovery.selection import is_selected

OURS = "organization/shop/local"
BACKEND = "file://./.state"


def selected(home: Path, content: str) -> bool:
    file = home / "clone" / "Pulumi.yaml"
    folder = home / "workspaces"
    folder.mkdir(exist_ok=True)
    place = hashlib.sha1(str(file).encode()).hexdigest()
    (folder / f"shop-{place}-workspace.json").write_text(content)
    return is_selected("local", "shop", file, {"PULUMI_HOME": str(home)})


def test_the_file_names_the_stack(tmp_path: Path) -> None:
    assert selected(tmp_path, json.dumps({"stacks": {BACKEND: OURS}}))


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"stacks": {BACKEND: "organization/shop/second"}}),
        json.dumps({"stacks": {BACKEND: OURS, "s3://elsewhere": "organization/shop/second"}}),
        *('{"stacks": {}}', '{"stacks": []}', '{"stack": "local"}', "[]", "{", ""),
    ],
)
def test_anything_else_is_no_answer(tmp_path: Path, content: str) -> None:
    assert not selected(tmp_path, content)


def test_nor_is_no_file(tmp_path: Path) -> None:
    assert not is_selected("local", "shop", tmp_path / "Pulumi.yaml", {"PULUMI_HOME": str(tmp_path)})
