"""Where an update's events are written."""

import tempfile
from pathlib import Path

import pytest
from rich.console import Console

from azml.cli.local.engine import Engine
from azml.cli.terminal import Step

pytestmark = pytest.mark.process


def test_a_killed_update_leaves_nothing_in_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its events are in the clone, in one file that the next update takes over."""
    for name in ("work", "project", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(f'#!/bin/sh\nls "{tmp_path}/temporary" >"{tmp_path}/seen"\n')
    pulumi.chmod(0o755)
    (tmp_path / "work" / "events.jsonl").write_text("of a killed run\n")
    engine = Engine(pulumi, tmp_path / "project", "local", {}, tmp_path / "work")
    changes = engine.shown(Step("up", Console(quiet=True), None), "up")
    assert changes.nothing
    assert (tmp_path / "seen").read_text() == ""
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["events.jsonl"]
    assert (tmp_path / "work" / "events.jsonl").stat().st_mode & 0o777 == 0o600
