"""Which workspace a stack means."""

from pathlib import Path

import pytest

from azml.cli.clone import Clone
from azml.cli.failure import InputError
from azml.cli.stacks import Stack, workspace_of


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
