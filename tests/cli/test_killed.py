"""What a killed run leaves, the next one mends by itself."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from azml.cli.clone import Clone
from azml.cli.local_azure import running
from tests.cli.clones import TestClone


def test_a_killed_local_azure_comes_back_with_everything_it_served(echo: TestClone) -> None:
    assert echo.run("up").returncode == 0
    pid = _told(echo)["pid"]
    os.kill(pid, signal.SIGKILL)
    done = echo.run("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert _told(echo)["pid"] != pid
    assert "nothing changed" in done.stderr
    assert 'blue  100 %  "one"' in done.stdout


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("/resourcegroups/rg-azml-local", id="at the first resource"),
        pytest.param("/deployments/blue", id="while a deployment starts"),
    ],
)
def test_a_killed_engine_is_mended_by_the_next_up(echo: TestClone, moment: str) -> None:
    run = echo.start("up")
    _until(run, echo, moment)
    for process in _engines(echo):
        process.kill()
    assert run.wait(60) != 0
    done = echo.run("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'blue  100 %  "one"' in done.stdout
    assert not list(_engines(echo))
    again = echo.run("up")
    assert "nothing changed" in again.stderr, again.stdout + again.stderr


@pytest.mark.parametrize("written", ["/workspaces/mlw-azml-local", "/deployments/blue"])
def test_a_local_azure_killed_under_an_update_is_mended_by_the_next_up(echo: TestClone, written: str) -> None:
    run = echo.start("up")
    _until(run, echo, written)
    os.kill(_told(echo)["pid"], signal.SIGKILL)
    assert run.wait(200) == 1
    done = echo.run("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'blue  100 %  "one"' in done.stdout


def test_a_killed_command_is_mended_while_its_engine_goes_on(echo: TestClone) -> None:
    run = echo.start("up")
    _until(run, echo, "/deployments/blue")
    run.kill()
    run.wait()
    done = echo.run("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'blue  100 %  "one"' in done.stdout


def test_down_after_a_killed_run_leaves_nothing(echo: TestClone) -> None:
    run = echo.start("up")
    _until(run, echo, "/deployments/blue")
    azure = _told(echo)["pid"]
    for process in _engines(echo):
        process.kill()
    run.wait(60)
    os.kill(azure, signal.SIGKILL)
    done = echo.run("down")
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(_processes(echo)) == []


def test_a_taken_port_is_an_error_in_a_line_and_starts_nothing(echo: TestClone) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(echo.environment["AZML_PORT"])))
        taken.listen()
        done = echo.run("emulator", "start")
    assert done.returncode == 2
    assert f"port {echo.environment['AZML_PORT']} is taken by " in done.stderr
    assert list(_processes(echo)) == []


def test_two_commands_do_not_work_on_one_clone_at_once(echo: TestClone) -> None:
    run = echo.start("up")
    _wait(lambda: (echo.root / "local" / ".state" / ".pulumi").is_dir())
    done = echo.run("up")
    assert done.returncode == 1
    assert f"another azml command works on this clone (process {run.pid})" in done.stderr
    assert run.wait(120) == 0


def test_starting_and_stopping_the_local_azure_can_be_repeated(echo: TestClone) -> None:
    assert "started" in echo.run("emulator", "start").stderr
    assert "was running" in echo.run("emulator", "start").stderr
    assert echo.run("emulator", "status").returncode == 0
    assert "stopped" in echo.run("emulator", "stop").stderr
    assert "was not running" in echo.run("emulator", "stop").stderr
    assert list(_processes(echo)) == []


def _told(clone: TestClone) -> dict[str, int]:
    path = clone.root / ".azml" / "emulator" / "emulator.json"
    found: dict[str, int] = json.loads(path.read_text())
    return found


def _engines(clone: TestClone) -> Iterator[psutil.Process]:
    for process in _processes(clone):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.name() == "pulumi":
                yield process


def _processes(clone: TestClone) -> Iterator[psutil.Process]:
    """Everything alive that names the clone's folder."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if any(str(clone.root) in word for word in process.cmdline()):
                yield process


def _until(run: "subprocess.Popen[str]", clone: TestClone, written: str) -> None:
    """Wait until the run left to itself has written a resource whose path ends so."""
    deadline = time.monotonic() + 60
    while not any(entry["path"].lower().endswith(written) for entry in _journal(clone)):
        assert run.poll() is None, (clone.root / "run.log").read_text()
        assert time.monotonic() < deadline, (clone.root / "run.log").read_text()
        time.sleep(0.02)


def _journal(clone: TestClone) -> list[dict[str, Any]]:
    azure = running(Clone(clone.root))
    return list(azure.ask("GET", "journal")) if azure else []


def _wait(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)
