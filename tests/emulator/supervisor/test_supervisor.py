"""The supervisor as a user starts it: `python -m azml.emulator`."""

import asyncio
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from azml.emulator.base.identity import DATAPLANE, ensure_identity
from azml.emulator.contract.deployments import DesiredDeployment, DesiredEndpoint
from azml.emulator.control.dataplane_client import DataplaneClient
from azml.emulator.supervisor.leftovers import clear
from tests.emulator.harness import KEY, alive
from tests.fixtures.docker_host import IMAGE, custom_container, docker_host
from tests.fixtures.waiting import eventually

pytestmark = pytest.mark.serving


def command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""  # it has ended


class Emulator:
    """One folder, and the processes started on it."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self.cache = cache
        self.started: list[subprocess.Popen[str]] = []

    def spawn(self, port: int = 0, scoring_port: int = 0) -> "subprocess.Popen[str]":
        ports = ["--port", str(port), "--scoring-port", str(scoring_port)]
        command = [sys.executable, "-m", "azml.emulator", "--folder", str(self.folder), *ports]
        command += ["--cache", str(self.cache)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.started.append(process)
        return process

    def start(self) -> dict[str, Any]:
        process = self.spawn()
        eventually(lambda: self.record().get("pid") == process.pid or process.poll() is not None, 30)
        assert process.poll() is None, process.stderr and process.stderr.read()
        return self.record()

    def record(self) -> dict[str, Any]:
        path = self.folder / "emulator.json"
        found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return found

    @property
    def last(self) -> "subprocess.Popen[str]":
        return self.started[-1]

    @property
    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.last.pid).children(recursive=True)

    def child(self, word: str) -> psutil.Process:
        def find() -> psutil.Process | None:
            return next((one for one in self.family if word in command_of(one)), None)

        found: psutil.Process = eventually(find, 30)
        return found

    def status(self, url: str, body: bytes | None = None) -> int:
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        request = urllib.request.Request(url, body, headers)
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        try:
            with urllib.request.urlopen(request, context=context, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            refused.close()
            return refused.code


@pytest.fixture
def emulator(tmp_path: Path, cache: Path) -> Iterator[Emulator]:
    one = Emulator(tmp_path / "emulator", cache)
    yield one
    for process in one.started:
        process.kill()
        process.communicate()
    clear(one.folder)  # as its next start would: the folder of its sockets is not in tmp_path


def gone(processes: list[psutil.Process], seconds: float) -> bool:
    return not psutil.wait_procs(processes, timeout=seconds)[1]


def test_it_answers_is_alone_outlives_its_children_and_leaves_nothing(emulator: Emulator) -> None:
    """One local Azure's life, from its start to the end that its user gives it."""
    emulator.folder.mkdir(mode=0o755)  # by somebody who did not think of whom it is for
    record = emulator.start()
    what_it_keeps_is_its_owners_alone(emulator)
    assert emulator.status(f"{record['scoring']}/nowhere/none/score") == 404
    assert emulator.status(f"{record['arm']}/metadata/endpoints?api-version=2022-09-01") == 200
    a_second_one_does_not_share_its_folder(emulator)
    for word in ("emulator.router", "emulator.control"):
        for number in (signal.SIGKILL, signal.SIGTERM):
            a_child_that_dies_is_started_again_at_the_same_address(emulator, word, number)
    it_leaves_nothing(emulator)


def what_it_keeps_is_its_owners_alone(emulator: Emulator) -> None:
    for folder in (emulator.folder, emulator.folder / "logs", emulator.folder / "blobs"):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert (emulator.folder / "emulator.json").stat().st_mode & 0o777 == 0o600
    assert run_dir_of(emulator).stat().st_mode & 0o777 == 0o700


def a_second_one_does_not_share_its_folder(emulator: Emulator) -> None:
    first = emulator.last
    second = emulator.spawn()
    _, said = second.communicate(timeout=20)
    assert second.returncode == 1
    assert said.count("\n") == 1
    assert f"process {first.pid} already runs a local Azure" in said
    assert first.poll() is None
    assert (emulator.folder / "emulator.json").exists()
    emulator.started.remove(second)


def a_child_that_dies_is_started_again_at_the_same_address(
    emulator: Emulator, word: str, number: signal.Signals
) -> None:
    record = emulator.record()
    child = emulator.child(word)
    child.send_signal(number)

    def back() -> bool:
        try:
            return (
                emulator.status(f"{record['arm']}/metadata/endpoints?api-version=2022-09-01") == 200
                and emulator.status(f"{record['scoring']}/nowhere/none/score") == 404
                and emulator.child(word).pid != child.pid
            )
        except (OSError, psutil.Error):
            return False

    eventually(back, 30)
    assert emulator.last.poll() is None


def it_leaves_nothing(emulator: Emulator) -> None:
    run_dir = run_dir_of(emulator)
    family = emulator.family
    assert len(family) >= 2
    emulator.last.terminate()
    assert emulator.last.wait(20) == 0
    assert gone(family, 1)
    assert not (emulator.folder / "emulator.json").exists()
    assert not run_dir.exists()
    assert emulator.last.communicate()[1] == ""


@pytest.mark.parametrize("option", ["--port", "--scoring-port"])
def test_a_taken_port_is_one_clear_line(emulator: Emulator, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = emulator.spawn(**{option.strip("-").replace("-", "_"): port})
        _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert said.count("\n") == 1
    assert f"port {port} is taken" in said
    assert option in said
    if sys.platform == "linux":
        assert f"process {os.getpid()}" in said


def scripted(code: Path) -> DesiredDeployment:
    return DesiredDeployment("/e/blue", "/e", "blue", code_folder=code, scoring_script="score.py")


async def serve(emulator: Emulator, desired: DesiredDeployment) -> None:
    """Have a deployment run, as the control plane would."""
    token = ensure_identity(emulator.folder).derived(DATAPLANE)
    client = DataplaneClient(run_dir_of(emulator) / "dataplane.sock", token)
    await client.put_endpoint(DesiredEndpoint("/e", "westeurope/e", (KEY,), None, {"blue": 100}))
    await client.put_deployment(desired)
    while (observed := await client.observe("/e/blue")) and observed.state != "ready":
        assert observed.state != "failed", observed.error
        await asyncio.sleep(0.05)


def run_dir_of(emulator: Emulator) -> Path:
    return Path(json.loads((emulator.folder / "run.json").read_text())["run_dir"])


def test_scoring_goes_on_without_a_child_and_ends_with_the_supervisor(emulator: Emulator, code: Path) -> None:
    """Whether it is asked to end or killed outright; then it starts again, until a client shuts it down."""
    emulator.start()
    asyncio.run(serve(emulator, scripted(code)))
    scoring_goes_on_when_a_child_dies(emulator)
    emulator.start()
    asyncio.run(serve(emulator, scripted(code)))
    killed_outright_it_takes_everything_along(emulator)
    a_client_can_ask_it_to_shut_down(emulator)


def scoring_goes_on_when_a_child_dies(emulator: Emulator) -> None:
    """Requests during a restart of the router wait for it; a restart of the control plane delays none."""
    url = f"{emulator.record()['scoring']}/westeurope/e/score"
    scoring = [one for one in emulator.family if "gunicorn" in command_of(one)]
    for word in ("emulator.router", "emulator.control"):
        child = emulator.child(word)
        child.kill()
        psutil.wait_procs([child], timeout=5)
        assert emulator.status(url, b"{}") == 200
        assert all(one.is_running() for one in scoring)
    emulator.last.terminate()
    assert emulator.last.wait(20) == 0
    assert gone(scoring, 1)


def killed_outright_it_takes_everything_along(emulator: Emulator) -> None:
    """And its next start clears what it could not."""
    old_run_dir = run_dir_of(emulator)
    family = emulator.family
    assert sum("gunicorn" in command_of(one) for one in family) == 2  # a master and its worker
    emulator.last.kill()
    assert gone(family, 3)
    emulator.start()
    assert not old_run_dir.exists()


def a_client_can_ask_it_to_shut_down(emulator: Emulator) -> None:
    record = emulator.record()
    request = urllib.request.Request(
        f"{record['arm']}/_azml/shutdown",
        method="POST",
        headers={"Authorization": f"Bearer {record['token']}"},
    )
    context = ssl.create_default_context(cafile=emulator.folder / record["ca"])
    urllib.request.urlopen(request, context=context, timeout=10).close()
    assert emulator.last.wait(20) == 0


def may_mount() -> bool:
    try:
        return subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not may_mount(), reason="needs Linux and leave to make a mount namespace")
@pytest.mark.parametrize("kilobytes", [8, 300])
def test_a_full_disk_is_one_clear_line(emulator: Emulator, kilobytes: int) -> None:
    emulator.folder.mkdir()
    script = f'mount -t tmpfs -o size={kilobytes}k none {emulator.folder} && exec "$@"'
    command = [sys.executable, "-m", "azml.emulator", "--folder", str(emulator.folder)]
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", *command, "--port", "0", "--scoring-port", "0"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert "No space left on device" in done.stderr or "disk is full" in done.stderr


def test_what_was_left_behind_is_removed_by_the_next_start(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that a supervisor's death did not reach, and a container, which is no child of anybody's."""
    host = docker_host(tmp_path / "docker")
    host.offer(IMAGE)
    monkeypatch.setenv("PATH", host.path)
    scoring_processes_that_were_left_behind_are_ended(emulator, tmp_path / "azml-old")
    desired = DesiredDeployment("/e/blue", "/e", "blue", container=custom_container())
    asyncio.run(serve(emulator, desired))
    (left,) = host.containers
    emulator.last.kill()
    emulator.last.wait(10)
    assert alive(left["pid"])
    emulator.start()
    assert host.containers == []
    assert not alive(left["pid"])


def scoring_processes_that_were_left_behind_are_ended(emulator: Emulator, run_dir: Path) -> None:
    run_dir.mkdir()
    emulator.folder.mkdir()
    (emulator.folder / "run.json").write_text(json.dumps({"run_dir": str(run_dir)}))
    idle = "import time; time.sleep(600)"
    orphan = subprocess.Popen([sys.executable, "-c", idle, "gunicorn", f"unix:{run_dir}/1.sock"])
    other = subprocess.Popen([sys.executable, "-c", idle, "gunicorn", "unix:/elsewhere"])
    try:
        emulator.start()
        assert orphan.wait(5) == -signal.SIGKILL
        assert other.poll() is None
        assert not run_dir.exists()
    finally:
        for process in (orphan, other):
            process.kill()
            process.wait()
