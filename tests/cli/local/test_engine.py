"""The engine's surroundings."""

import json
from pathlib import Path

import pytest

from azml.cli.clone import Clone
from azml.cli.failure import CommandError
from azml.cli.local.engine import Engine, environment

pytestmark = pytest.mark.process

ELSEWHERE = "azblob://state"


def test_the_local_stacks_state_is_where_its_project_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", ELSEWHERE)
    monkeypatch.setenv("ARM_CLIENT_SECRET", "real")
    made = environment(Clone(Path("/clone")), Path("/cli/pulumi"), {"ARM_CLIENT_ID": "local"})
    assert "PULUMI_BACKEND_URL" not in made
    assert made["ARM_CLIENT_ID"] == "local"
    assert "ARM_CLIENT_SECRET" not in made


def test_a_stack_on_azure_has_its_state_where_the_shell_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", ELSEWHERE)
    made = environment(Clone(Path("/clone")), Path("/cli/pulumi"), {})
    assert made["PULUMI_BACKEND_URL"] == ELSEWHERE


def test_of_a_failed_preview_its_errors_are_told_and_not_its_json(tmp_path: Path) -> None:
    given = tmp_path / "told.json"
    error = {"message": "error: blue.yml:2: wrong\n", "severity": "error"}
    note = {"message": "looked", "severity": "info"}
    given.write_text(json.dumps({"steps": [], "diagnostics": [note, error]}))
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(f"#!/bin/sh\n/bin/cat '{given}'\nexit 1\n")
    pulumi.chmod(0o755)
    with pytest.raises(CommandError) as failed:
        Engine(pulumi, tmp_path, "dev", {}, tmp_path).json("preview", "--json")
    assert failed.value.message == "pulumi preview failed: blue.yml:2: wrong"
