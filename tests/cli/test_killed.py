"""What a killed run leaves, the next one mends by itself."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

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
        pytest.param("ResourceGroup rg-azml-local creating", id="at the first resource"),
        pytest.param("OnlineDeployment echo-blue creating", id="while a deployment starts"),
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


def test_a_killed_command_is_mended_while_its_engine_goes_on(echo: TestClone) -> None:
    run = echo.start("up")
    _until(run, echo, "OnlineDeployment echo-blue creating")
    run.kill()
    run.wait()
    done = echo.run("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'blue  100 %  "one"' in done.stdout


def test_down_after_a_killed_run_leaves_nothing(echo: TestClone) -> None:
    run = echo.start("up")
    _until(run, echo, "OnlineDeployment echo-blue creating")
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
    assert f"port {echo.environment['AZML_PORT']} is not free" in done.stderr
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


def _until(run: "subprocess.Popen[str]", clone: TestClone, moment: str) -> None:
    """Wait until the run left to itself has printed `moment`."""
    log = clone.root / "run.log"
    deadline = time.monotonic() + 60
    while moment not in log.read_text():
        assert run.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)


def _wait(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)
