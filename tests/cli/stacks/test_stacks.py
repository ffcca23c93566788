"""Which workspace a stack means."""

from pathlib import Path

import pytest

from azml.cli.clone import Clone
from azml.cli.failure import InputError, NotThereError
from azml.cli.stacks.stacks import Stack, choose, workspace_of


def stack(folder: Path, text: str) -> Stack:
    (folder / "Pulumi.dev.yaml").write_text(text)
    return Stack(Clone(folder), "dev")


def test_a_misspelt_workspace_gets_the_likely_key(tmp_path: Path) -> None:
    written = stack(tmp_path, "config:\n  azml:workspce: {resourceGroup: rg, name: mlw}\n")
    with pytest.raises(InputError, match="azml:workspce is not a setting; did you mean azml:workspace"):
        workspace_of(written, "sub")


def test_a_workspace_without_a_name_is_told_how_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="write a mapping"):
        workspace_of(stack(tmp_path, "config:\n  azml:workspace: {resourceGroup: rg}\n"), "sub")


def test_every_stack_that_is_listed_is_found(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    clone.local_project.mkdir()
    for file in ("Pulumi.dev.yaml", "local/Pulumi.local.yaml", "local/Pulumi.second.yaml"):
        (tmp_path / file).touch()
    assert [choose(clone, name).path.parent for name in ("dev", "local", "second")] == [
        tmp_path,
        clone.local_project,
        clone.local_project,
    ]
    assert [choose(clone, name).local for name in ("dev", "local", "second")] == [False, True, True]
    with pytest.raises(NotThereError) as missing:
        choose(clone, "third")
    assert missing.value.remedy == "known: dev, local, second"


def test_without_a_name_a_second_local_stack_does_not_stand_in_the_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clone = Clone(tmp_path)
    clone.local_project.mkdir()
    for file in ("Pulumi.dev.yaml", "local/Pulumi.local.yaml", "local/Pulumi.second.yaml"):
        (tmp_path / file).touch()
    assert choose(clone, None).name == "dev"
    assert "this is about stack dev" in capsys.readouterr().err
