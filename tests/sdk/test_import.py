"""`azml import`: what azure-ai-ml has made becomes a stack's, and nothing in Azure changes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sdk.conftest import Seen, Shell
from tests.sdk.test_everything import answer

WORKSPACE = {"resourceGroup": "rg-azml-local", "name": "mlw-existing", "existing": True}


@pytest.fixture
def existing(shell: Shell, seen: Seen) -> Iterator[Any]:
    """The answer of an endpoint in a workspace that no stack has created; the stack file names that one."""
    file = shell.clone.stack_file
    before = file.read_text()
    document = yaml.safe_load(before)
    document["config"]["azml:workspace"] = WORKSPACE
    del document["config"]["azml:endpoints"]
    file.write_text(yaml.safe_dump(document))
    try:
        yield seen["existing"]["answer"]
    finally:
        file.write_text(before)


@pytest.mark.engine
def test_a_workspace_of_others_becomes_a_stack_whose_preview_is_empty(
    existing: Any, shell: Shell, pulumi_cli: Path
) -> None:
    """One journey: import, preview, an update with the downloaded files beside the registered ones."""
    what_can_be_is_taken_over_and_the_rest_is_listed(shell)
    pulumi = f"{pulumi_cli} -C ../local --non-interactive --stack local"
    previewed = shell.run(f"{pulumi} preview --expect-no-changes")
    assert previewed.returncode == 0, previewed.stdout + previewed.stderr
    the_downloaded_files_answer_the_same(existing, shell, pulumi)


def what_can_be_is_taken_over_and_the_rest_is_listed(shell: Shell) -> None:
    clone = shell.clone
    done = clone.run("import", "--stack", "local", "--yes")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 of 3 endpoints were not taken over" in done.stderr
    assert "without-any: not taken over\n  it has no deployments" in done.stdout
    assert "differs" not in done.stdout
    folders = {path.name for path in (clone.root / "scoring").iterdir()}
    assert folders & {"all-said", "on-cluster", "without-any"} == {"all-said", "on-cluster"}
    imported = json.loads((clone.root / ".azml" / "import-local.json").read_text())
    ids = [one["id"].rpartition("/")[2] for one in imported["resources"] if "id" in one]
    assert sorted(ids) == ["all-said", "all-settings", "blue", "on-cluster"]


def the_downloaded_files_answer_the_same(existing: Any, shell: Shell, pulumi: str) -> None:
    file = shell.clone.stack_file
    text, changes = re.subn(
        r"( +)all-settings: \{.*\}\n",
        r"\g<0>\1green: {file: all-settings-deployment.yml}\n",
        file.read_text(),
    )
    assert changes == 1
    file.write_text(text)
    done = shell.run(f"{pulumi} up --yes --skip-preview --diff")
    assert done.returncode == 0, done.stdout + done.stderr
    green = shell.run("azml invoke all-said -d green -f request.json --stack local")
    assert answer(green.stdout) == answer(existing)
