"""An update ends, with the reason, when a disk that it writes to is full."""

import os
import shutil
from collections import namedtuple
from pathlib import Path

import psutil
import pytest

from azml.cli.clone import Clone
from azml.cli.local import disk_space
from azml.cli.local.disk_space import DiskFull
from azml.cli.local.engine import Engine
from azml.cli.terminal import step

pytestmark = pytest.mark.process

Usage = namedtuple("Usage", "total used free")


def test_the_state_needs_space_for_all_the_copies_that_an_update_ends_with(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    state = clone.backend / "stacks" / "azml-local" / "local.json"
    state.parent.mkdir(parents=True)
    state.write_bytes(bytes(disk_space.LEAST))
    assert disk_space.needs(clone)[clone.backend.parent] == 4 * disk_space.LEAST
    state.unlink()
    assert disk_space.needs(clone)[clone.backend.parent] == disk_space.LEAST


def test_a_full_disk_starts_no_update(tmp_path: Path) -> None:
    engine = Engine(tmp_path / "never", tmp_path, "local", {}, tmp_path, {tmp_path: 2**62})
    with step("up") as current, pytest.raises(DiskFull, match=f"the disk is full: {tmp_path}"):
        engine.shown(current, "up")


def test_an_update_under_way_is_ended_with_all_its_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = tmp_path / "pids"
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(f"#!/bin/sh\nsleep 600 &\necho $$ $! > '{pids}'\nwait\n")
    pulumi.chmod(0o755)

    def usage(_: object) -> Usage:
        """Space as long as the engine has not begun."""
        return Usage(1, 0, 0 if pids.is_file() and pids.read_text().endswith("\n") else 2)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    engine = Engine(pulumi, tmp_path, "local", dict(os.environ), tmp_path, {tmp_path: 1})
    with step("up") as current, pytest.raises(DiskFull, match="free some space"):
        engine.shown(current, "up")
    assert not any(psutil.pid_exists(int(pid)) for pid in pids.read_text().split())
