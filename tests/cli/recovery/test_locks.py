"""Locks of the file backend: which are stale, and which must be respected."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from azml.cli.failure import CommandError
from azml.cli.recovery.locks import read_locks, require_only_stale

pytestmark = pytest.mark.process


@pytest.fixture
def pulumi(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A live process called pulumi."""
    program = tmp_path / "pulumi"
    program.symlink_to("/bin/sleep")
    process = subprocess.Popen([str(program), "60"])
    yield process
    process.kill()
    process.wait()


def test_the_lock_of_a_dead_process_is_stale(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    _lock(tmp_path, pid=process.pid)
    (lock,) = read_locks(tmp_path, "project", "local")
    assert lock.stale
    require_only_stale([lock])


def test_the_lock_of_a_live_pulumi_is_respected(tmp_path: Path, pulumi: subprocess.Popen[bytes]) -> None:
    _lock(tmp_path, pid=pulumi.pid)
    with pytest.raises(CommandError, match=f"another pulumi run.*{pulumi.pid}"):
        require_only_stale(read_locks(tmp_path, "project", "local"))


def test_a_stranger_with_the_same_number_does_not_keep_a_lock(tmp_path: Path) -> None:
    _lock(tmp_path, pid=os.getpid())
    (lock,) = read_locks(tmp_path, "project", "local")
    assert lock.stale


def test_a_pulumi_younger_than_the_lock_does_not_keep_it(
    tmp_path: Path, pulumi: subprocess.Popen[bytes]
) -> None:
    _lock(tmp_path, pid=pulumi.pid, since=time.time() - 3600)
    (lock,) = read_locks(tmp_path, "project", "local")
    assert lock.stale


def test_a_lock_of_another_machine_is_never_stale(tmp_path: Path) -> None:
    _lock(tmp_path, pid=1, host="elsewhere.example")
    with pytest.raises(CommandError, match=r"locked by someone on elsewhere\.example"):
        require_only_stale(read_locks(tmp_path, "project", "local"))


def test_a_half_written_lock_is_stale(tmp_path: Path) -> None:
    _lock(tmp_path, pid=1).write_text('{"pid": 1')
    (lock,) = read_locks(tmp_path, "project", "local")
    assert lock.stale


def test_a_lock_that_its_holder_lets_go_of_meanwhile_is_none(tmp_path: Path) -> None:
    lock = _lock(tmp_path, pid=1)
    lock.unlink()
    lock.symlink_to("gone")  # listed, and not there when it is read
    assert read_locks(tmp_path, "project", "local") == []


def test_no_folder_is_no_lock(tmp_path: Path) -> None:
    assert read_locks(tmp_path, "project", "local") == []


def _lock(backend: Path, pid: int, host: str = socket.gethostname(), since: float | None = None) -> Path:
    file = backend / "locks" / "organization" / "project" / "local" / "one.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    stamp = datetime.fromtimestamp(since or time.time(), UTC).isoformat()
    file.write_text(json.dumps({"pid": pid, "username": "someone", "hostname": host, "timestamp": stamp}))
    return file
