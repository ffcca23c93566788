"""The record of a local Azure, and the process it names, which may long be another."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from azml.cli.clone import Clone
from azml.cli.local import lifecycle, local_azure
from azml.cli.local.processes import is_local_azure

pytestmark = pytest.mark.process


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with any local Azure."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_a_stranger_with_the_recorded_number_is_left_alone(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    clone = Clone(tmp_path)
    record = _record(clone, stranger.pid)
    assert local_azure.stop(clone) is False
    assert stranger.poll() is None
    assert not record.exists()


def test_who_only_reads_its_files_is_no_local_azure(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    assert is_local_azure(f"python -m azml.emulator --folder {clone.emulator} --port 0", clone)
    assert is_local_azure(f"python -m azml.emulator.control --folder {clone.emulator}", clone)
    assert not is_local_azure(f"tail -f {clone.emulator}/logs/control.log", clone)
    assert not is_local_azure("python -m azml.emulator --folder /elsewhere/.azml/emulator", clone)


def test_what_the_machine_cannot_hold_scripts_to_is_said_at_each_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clone = Clone(tmp_path)
    record = _record(clone, 1)
    found = local_azure.recorded(clone)
    assert found
    assert found.warning == "", "of an earlier version"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"warning": "scripts can read all"}))
    monkeypatch.setattr(local_azure, "start", lambda *_: (local_azure.recorded(clone), True))
    monkeypatch.setattr(local_azure, "await_return", lambda *_: [])
    lifecycle.start(clone, 0, 0)
    assert "warning: scripts can read all" in capsys.readouterr().err


def _record(clone: Clone, pid: int) -> Path:
    """What a local Azure that was cut off left behind."""
    clone.emulator.mkdir(parents=True)
    body = {"pid": pid, "arm": "https://127.0.0.1:9", "scoring": "https://127.0.0.1:9", "token": "t"}
    record = clone.emulator / "emulator.json"
    record.write_text(json.dumps({**body, "ca": "ca.pem", "ca_bundle": "ca.pem"}))
    return record
