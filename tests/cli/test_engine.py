"""The engine's surroundings."""

from pathlib import Path

import pytest

from azml.cli.clone import Clone
from azml.cli.engine import environment

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
