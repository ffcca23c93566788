"""What a killed run leaves, the next one mends by itself."""

import contextlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator

import psutil
import pytest

from tests.fixtures.clones import TestClone
from tests.fixtures.waiting import eventually

BLUE = "/deployments/blue"
LEAVE = ("--allow-live-change", "echo")


@pytest.mark.timeout(900)
def test_whatever_was_killed_the_next_run_mends_it(echo: TestClone) -> None:
    """One clone's journey: each step kills at another moment what the one before has left, and goes on."""
    the_local_azure_starts_and_stops_as_often_as_one_likes_on_a_port_that_is_free(echo)
    an_engine_killed_at_the_first_resource(echo)
    a_local_azure_killed_under_an_update_that_mends(echo)
    an_engine_killed_while_a_deployment_starts(echo)
    all_of_it_is_mended_by_one_up_and_no_second_beside_it(echo)
    a_killed_local_azure_comes_back_with_everything_it_served(echo)
    a_local_azure_killed_while_a_deployment_changes(echo)
    a_killed_command_is_mended_while_its_engine_goes_on(echo)
    down_after_a_killed_run_leaves_nothing(echo)


def the_local_azure_starts_and_stops_as_often_as_one_likes_on_a_port_that_is_free(echo: TestClone) -> None:
    """A taken port is an error in a line, and starts nothing."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(echo.environment["AZML_PORT"])))
        taken.listen()
        done = echo.run("emulator", "start")
    assert done.returncode == 2
    assert f"port {echo.environment['AZML_PORT']} is taken by " in done.stderr
    assert list(_processes(echo)) == []

    assert "started" in echo.run("emulator", "start").stderr
    assert "was running" in echo.run("emulator", "start").stderr
    assert echo.run("emulator", "status").returncode == 0
    assert "stopped" in echo.run("emulator", "stop").stderr
    assert "was not running" in echo.run("emulator", "stop").stderr
    assert list(_processes(echo)) == []


def an_engine_killed_at_the_first_resource(clone: TestClone) -> None:
    run = clone.start("up")
    clone.until_written(run, "/resourcegroups/rg-azml-local")
    _kill_engines(clone)
    assert run.wait(60) != 0


def a_local_azure_killed_under_an_update_that_mends(clone: TestClone) -> None:
    """The update has put right what the killed engine left, or it would not come to the workspace."""
    before = clone.written("/workspaces/mlw-azml-local")
    run = clone.start("up")
    clone.until_written(run, "/workspaces/mlw-azml-local", before)
    os.kill(_recorded(clone)["pid"], signal.SIGKILL)
    assert run.wait(200) == 1


def an_engine_killed_while_a_deployment_starts(clone: TestClone) -> None:
    """The deployments come last: all that the killed local Azure had begun is there by then."""
    run = clone.start("up")
    clone.until_written(run, BLUE)
    _kill_engines(clone)
    assert run.wait(60) != 0


def all_of_it_is_mended_by_one_up_and_no_second_beside_it(clone: TestClone) -> None:
    log = clone.root / "run.log"
    said = len(log.read_text())
    run = clone.start("up")
    eventually(lambda: "Pulumi CLI" in log.read_text()[said:], 60)
    second = clone.run("up")
    assert second.returncode == 1
    assert f"another azml command works on this clone (process {run.pid})" in second.stderr
    assert run.wait(120) == 0, log.read_text()[said:]
    assert 'blue  100 %  "one"' in log.read_text()[said:]
    assert not list(_engines(clone))


def a_killed_local_azure_comes_back_with_everything_it_served(clone: TestClone) -> None:
    """And what the runs before have left was mended for good: there is nothing to change."""
    pid = _recorded(clone)["pid"]
    os.kill(pid, signal.SIGKILL)
    done = _serves_after_up(clone, "one")
    assert _recorded(clone)["pid"] != pid
    assert "nothing changed" in done.stderr


def a_local_azure_killed_while_a_deployment_changes(clone: TestClone) -> None:
    run = _changing(clone, "two")
    os.kill(_recorded(clone)["pid"], signal.SIGKILL)
    assert run.wait(200) == 1


def a_killed_command_is_mended_while_its_engine_goes_on(clone: TestClone) -> None:
    """It has mended what the killed local Azure left, or it would not come to the deployment again."""
    run = _changing(clone, "three")
    run.kill()
    run.wait()
    _serves_after_up(clone, "three")


def down_after_a_killed_run_leaves_nothing(clone: TestClone) -> None:
    run = _changing(clone, "four")
    azure = _recorded(clone)["pid"]
    _kill_engines(clone)
    run.wait(60)
    os.kill(azure, signal.SIGKILL)
    done = clone.run("down")
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(_processes(clone)) == []


def _recorded(clone: TestClone) -> dict[str, int]:
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


def _kill_engines(clone: TestClone) -> None:
    for process in _engines(clone):
        process.kill()


def _changing(clone: TestClone, answer: str) -> "subprocess.Popen[str]":
    """An `azml up` at the moment at which Azure is asked for a deployment that answers so."""
    (clone.root / "scoring" / "echo" / "model" / "answer.txt").write_text(f"{answer}\n")
    before = clone.written(BLUE)
    run = clone.start("up", *LEAVE)
    clone.until_written(run, BLUE, before)
    return run


def _serves_after_up(clone: TestClone, answer: str) -> "subprocess.CompletedProcess[str]":
    done = clone.run("up", *LEAVE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f'blue  100 %  "{answer}"' in done.stdout
    return done
