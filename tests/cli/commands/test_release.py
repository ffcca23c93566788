"""Planning a release: which slot is live, which is filled, and when there is none to be had."""

from pathlib import Path

import pytest

from azml.cli.clone import Clone
from azml.cli.commands.release import Plan, after_release, carry_out, working_file
from azml.cli.commands.rollback import holds_a_newer_version
from azml.cli.endpoints.endpoints import OnlineDeployment, OnlineEndpoint
from azml.cli.failure import CommandError, InputError
from azml.cli.release.pinning import idle_slot, live_slot
from azml.cli.stacks.stacks import Stack, WorkspaceName
from azml.stack.stack_file import StackEndpoint


def test_the_slot_with_all_the_traffic_is_live() -> None:
    assert live_slot(_endpoint({"green": 100})).name == "green"


def test_no_slot_is_idle_while_both_have_shares() -> None:
    with pytest.raises(CommandError, match="blue 90 %, green 10 %: no slot is idle"):
        live_slot(_endpoint({"blue": 90, "green": 10}))


def test_without_traffic_nothing_needs_to_be_held() -> None:
    with pytest.raises(CommandError, match="no slot is live"):
        live_slot(_endpoint({}))


def test_the_other_slot_is_filled_or_made(tmp_path: Path) -> None:
    assert idle_slot(_declared(tmp_path, "blue", "green"), "green", None) == "blue"
    assert idle_slot(_declared(tmp_path, "blue"), "blue", None) == "green"
    assert idle_slot(_declared(tmp_path, "green"), "green", None) == "blue"
    assert idle_slot(_declared(tmp_path, "v1"), "v1", None) == "blue"


def test_of_several_idle_slots_one_has_to_be_chosen(tmp_path: Path) -> None:
    declared = _declared(tmp_path, "blue", "green", "red")
    with pytest.raises(InputError, match="several slots"):
        idle_slot(declared, "blue", None)
    assert idle_slot(declared, "blue", "red") == "red"


def test_the_live_slot_is_never_filled(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the live slot"):
        idle_slot(_declared(tmp_path, "blue", "green"), "blue", "blue")


def test_the_common_file_describes_what_is_worked_on_else_the_file_the_live_slot_follows(
    tmp_path: Path,
) -> None:
    declared = _declared(tmp_path, "blue")
    (tmp_path / "blue.yml").touch()
    assert working_file(declared, "blue") == "blue.yml"
    (tmp_path / "deployment.yml").touch()
    assert working_file(declared, "blue") == "deployment.yml"


def test_a_live_slot_that_is_frozen_needs_a_common_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no .*deployment\.yml"):
        working_file(_declared(tmp_path, blue="releases/0a.yml"), "blue")


def test_a_rollback_does_not_go_to_a_slot_that_a_release_has_filled(tmp_path: Path) -> None:
    declared = _declared(tmp_path, blue="deployment.yml", green="releases/0a.yml")
    assert holds_a_newer_version(declared, _endpoint({"green": 100}), "blue")
    assert not holds_a_newer_version(declared, _endpoint({"blue": 100}), "green")
    assert not holds_a_newer_version(declared, _endpoint({"blue": 50, "green": 50}), "blue")
    assert not holds_a_newer_version(_declared(tmp_path, "blue", "green"), _endpoint({"green": 100}), "blue")


def _declared(folder: Path, *slots: str, **files: str) -> StackEndpoint:
    named: dict[str, str | None] = {**dict.fromkeys(slots), **files}
    return StackEndpoint("diabetes", folder, None, named, {}, None)


def _endpoint(traffic: dict[str, int]) -> OnlineEndpoint:
    slots = tuple(OnlineDeployment(name, "Succeeded", "", 1) for name in ("blue", "green"))
    workspace = WorkspaceName("s", "rg", "ws")
    return OnlineEndpoint(workspace, "diabetes", "Succeeded", "Key", "", traffic, {}, slots, {})


def test_a_folder_in_brackets_is_told_as_it_is_called(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clone = Clone(tmp_path / "[work]")
    clone.local_project.mkdir(parents=True)
    stack = Stack(clone, "local")
    stack.path.write_text("config:\n  azml:endpoints:\n    diabetes: {}\n")
    folder = clone.root / "diabetes"
    folder.mkdir()
    plan = Plan("blue", "green", "releases/0a.yml", "name: blue\n", "deployment.yml")
    carry_out(stack, _declared(folder, "blue"), plan)
    printed = capsys.readouterr().err
    assert f"blue is pinned to the version it serves: {folder}/releases/0a.yml\n" in printed
    assert "only in the local Azure of this clone. Next: make up, then move the traffic" in printed
    assert "ommit" not in printed


def test_on_azure_both_files_are_to_be_committed(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    (tmp_path / "Pulumi.dev.yaml").touch()
    assert after_release(Stack(clone, "dev")) == "Commit both. Next: pulumi up"
