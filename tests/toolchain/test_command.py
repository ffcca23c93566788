"""Long commands: progress while they work, the reason when they fail, nothing left when they are given up."""

import time
from pathlib import Path

import psutil
import pytest

from azml.toolchain.command import CommandFailed, run
from tests.fixtures.waiting import eventually

pytestmark = pytest.mark.process


def quiet(line: str) -> None:
    return None


def test_output_becomes_progress_but_not_all_of_it() -> None:
    said: list[str] = []
    run(["sh", "-c", "seq 1000"], progress=said.append, say=lambda line: f"line {line}", timeout=30)
    assert said == ["line 1"]


def test_a_failure_carries_the_code_and_the_last_lines() -> None:
    with pytest.raises(CommandFailed) as caught:
        run(["sh", "-c", "seq 100; exit 4"], progress=print, say=quiet, timeout=30)
    first, *last = str(caught.value).splitlines()
    assert first == "sh ended with 4"
    assert last == [str(number) for number in range(86, 101)]


def test_what_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    started = time.monotonic()
    with pytest.raises(CommandFailed, match="sh had not ended after 1 s"):
        run(["sh", "-c", f"sleep 120 & echo $! > {file}; wait"], progress=print, say=quiet, timeout=1)
    assert time.monotonic() - started < 30
    pid = int(file.read_text())
    eventually(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def test_a_shell_that_took_too_long_does_not_go_on_with_its_next_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill, next_one = psutil.Process.kill, tmp_path / "next"

    def kill_slowly(process: psutil.Process) -> None:
        kill(process)
        time.sleep(0.3)

    monkeypatch.setattr(psutil.Process, "kill", kill_slowly)
    with pytest.raises(CommandFailed, match="sh had not ended after 1 s"):
        run(["sh", "-c", f"sleep 120; touch {next_one}"], progress=print, say=quiet, timeout=1)
    assert not next_one.exists()
