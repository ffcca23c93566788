"""The `config.json` that `azml emulator env` leaves for MLClient.from_config."""

import json
from pathlib import Path

from azml.cli.clone import Clone
from azml.cli.stacks import sdk_config
from azml.cli.stacks.stacks import WorkspaceName

OURS = WorkspaceName("00000000-0000-0000-0000-000000000001", "rg", "ws")


def test_it_lies_where_the_client_looks_and_names_the_workspace(tmp_path: Path) -> None:
    path, found = sdk_config.write(Clone(tmp_path), OURS)
    assert (path, found) == (tmp_path / ".azureml" / "config.json", True)
    assert json.loads(path.read_text()) == {
        "subscription_id": OURS.subscription_id,
        "resource_group": "rg",
        "workspace_name": "ws",
    }


def test_it_follows_the_stack_file(tmp_path: Path) -> None:
    sdk_config.write(Clone(tmp_path), OURS)
    other = WorkspaceName(OURS.subscription_id, "rg", "other")
    path, found = sdk_config.write(Clone(tmp_path), other)
    assert found
    assert json.loads(path.read_text())["workspace_name"] == "other"


def test_a_file_for_real_azure_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / ".azureml" / "config.json"
    theirs.parent.mkdir()
    for content in ('{"subscription_id": "real"}', '{"Scope": "/subscriptions/real"}', "[]", "not json"):
        theirs.write_text(content)
        path, found = sdk_config.write(Clone(tmp_path), OURS)
        assert (path, found) == (tmp_path / ".azml" / "config.json", False)
        assert json.loads(path.read_text())["resource_group"] == "rg"
        assert theirs.read_text() == content
