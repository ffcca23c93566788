"""Custom containers as a data plane runs them, behind the real router.

No engine is exercised here but in the last tests: `docker` is a stand-in (`standin_docker.py`), which knows
exactly the arguments used. That Docker's own command line takes these arguments is shown where one is
installed, and that Docker runs them where its daemon answers.
"""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from azml.emulator.base import container_engine
from azml.emulator.base.container_engine import EngineFailure, find_engine, remove_containers
from azml.emulator.contract.deployments import (
    CustomContainer,
    DesiredDeployment,
    Probe,
    Route,
    deployment_from_json,
    to_json,
)
from azml.emulator.contract.routing_table import (
    RoutedDeployment,
    RoutedEndpoint,
    RoutedInstance,
    RoutingTable,
)
from azml.emulator.supervisor.serving.container_runtime import launch_of
from tests.emulator.harness import KEY, Harness, Routed, alive, until
from tests.fixtures.docker_host import IMAGE, DockerHost, custom_container, docker_host

pytestmark = pytest.mark.process

SOON = Probe(initial_delay=0.1, period=0.1, timeout=1, failure_threshold=2)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DockerHost]:
    host = docker_host(tmp_path / "docker")
    monkeypatch.setenv("PATH", host.path)
    host.offer(IMAGE)
    yield host
    for one in host.containers:
        os.kill(one["pid"], 9)


def wanted(container: CustomContainer | None = None, **fields: Any) -> DesiredDeployment:
    body = {"container": container or custom_container(), **fields}
    return DesiredDeployment("/e/blue", "/e", "blue", **body)


async def test_a_container_answers_at_its_routes_with_what_the_deployment_gives_it(
    harness: Harness, docker: DockerHost, tmp_path: Path
) -> None:
    model = tmp_path / "models, and more"
    model.mkdir()
    container = custom_container(model_at="/var/azureml-app/azureml-models/m/1", code_at="/var/azureml-app/c")
    await harness.endpoint({"blue": 100})
    observed = await harness.settled(
        wanted(
            container,
            model_folder=model,
            code_folder=harness.code,
            scoring_script="score.py",
            environment_variables={"TOKEN": "hush\nhush", "HOME": "/root"},
            instance_count=2,
        )
    )
    assert (observed.state, observed.instances_ready, observed.error) == ("ready", 2, None)
    answers = [await harness.ask({"x": 1}) for _ in range(20)]
    assert len({answer["pid"] for _, answer in answers}) == 2
    status, answer = answers[0]
    assert (status, answer["path"], answer["port"], answer["body"]) == (200, "/v1/predict", 8080, '{"x": 1}')
    variables = answer["variables"]
    assert (variables["TOKEN"], variables["HOME"]) == ("hush\nhush", "/root")
    assert variables["AZUREML_MODEL_DIR"] == "/var/azureml-app/azureml-models/m/1"
    assert variables["AML_APP_ROOT"] == "/var/azureml-app/c"
    assert variables["AZUREML_ENTRY_SCRIPT"] == "score.py"
    assert str(model) in variables["STANDIN_MOUNTS"]
    assert "MSI_SECRET" not in variables
    assert "hush" not in str(docker.calls)


async def test_a_query_reaches_a_route_that_has_one_of_its_own(harness: Harness, docker: DockerHost) -> None:
    await harness.endpoint({"blue": 100})
    await harness.settled(wanted(custom_container(scoring=Route(8081, "/predict?version=2"))))
    url = f"https://127.0.0.1:{harness.port}/westeurope/e/score?fast=1"
    headers = {"Authorization": f"Bearer {KEY}"}
    async with harness.session.post(url, data=b"x", headers=headers, ssl=harness.trust) as answer:
        assert (await answer.json(content_type=None))["path"] == "/predict?version=2&fast=1"


async def test_an_image_that_is_not_there_is_pulled_and_the_log_tells_how(
    harness: Harness, docker: DockerHost
) -> None:
    docker.offer("team/other", "registry")
    observed = await harness.settled(wanted(custom_container(image="team/other")))
    assert observed.state == "ready"
    assert "Download complete" in harness.dataplane.logs("/e/blue", "storage-initializer", 100)
    assert "serving as None" in harness.dataplane.logs("/e/blue", "inference-server", 100)


@pytest.mark.parametrize(
    ("fields", "variables", "reason"),
    [
        ({"image": "team/none"}, {}, "the image team/none cannot be pulled (exit code 1): Error response"),
        ({}, {"BROKEN": "1"}, "the container ended with exit code 1\nserving as None\nno model in the image"),
    ],
)
async def test_what_cannot_start_says_why(
    harness: Harness, docker: DockerHost, fields: dict[str, Any], variables: dict[str, str], reason: str
) -> None:
    observed = await harness.settled(wanted(custom_container(**fields), environment_variables=variables))
    assert observed.state == "failed"
    assert reason in (observed.error or "")
    await until(lambda: docker.containers == [])


async def test_an_engine_that_went_down_fails_the_deployment_with_its_words(
    harness: Harness, docker: DockerHost
) -> None:
    docker.go_down()
    observed = await harness.settled(wanted())
    assert "docker is installed but does not answer: Cannot connect" in (observed.error or "")


async def test_a_container_that_ends_is_started_again(harness: Harness, docker: DockerHost) -> None:
    await harness.endpoint({"blue": 100})
    await harness.settled(wanted())
    before = (await harness.ask({}))[1]["pid"]
    url = f"https://127.0.0.1:{harness.port}/westeurope/e/score"
    headers = {"Authorization": f"Bearer {KEY}"}
    async with harness.session.post(url, data=b"die", headers=headers, ssl=harness.trust) as answer:
        assert answer.status == 502
    await until(lambda: any(one["pid"] != before for one in docker.containers))
    await until(lambda: harness.dataplane.observe("/e/blue").instances_ready == 1)
    await harness.dataplane.publish()  # the router may be about to hear of it
    assert (await harness.ask({}))[1]["pid"] != before


async def test_a_container_that_is_not_alive_is_replaced(
    harness: Harness, docker: DockerHost, tmp_path: Path
) -> None:
    sick = tmp_path / "sick"
    await harness.settled(wanted(liveness=SOON, environment_variables={"SICK": str(sick)}))
    (old,) = docker.containers
    sick.touch()
    await until(lambda: any(one["name"] != old["name"] for one in docker.containers))
    assert not alive(old["pid"])


async def test_changes_and_deletes_leave_no_container(harness: Harness, docker: DockerHost) -> None:
    """Also of one that does not heed the request to leave: it is given a few seconds."""
    await harness.endpoint({"blue": 100})
    await harness.settled(wanted(environment_variables={"STUBBORN": "1", "FLAVOUR": "one"}))
    await harness.settled(wanted(environment_variables={"FLAVOUR": "two"}))
    assert (await harness.ask({}))[1]["variables"]["FLAVOUR"] == "two"
    await until(lambda: len(docker.containers) == 1)
    assert "leaving" in harness.dataplane.logs("/e/blue", "inference-server", 100)
    await harness.dataplane.delete_deployment("/e/blue")
    assert docker.containers == []


async def test_a_stop_while_a_container_starts_leaves_none(harness: Harness, docker: DockerHost) -> None:
    await harness.dataplane.put_deployment(wanted(readiness=Probe(success_threshold=1_000)))
    await until(lambda: docker.containers)
    await harness.dataplane.stop()
    assert docker.containers == []


async def test_what_a_killed_run_left_is_found_by_its_label(
    docker: DockerHost, run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container_engine, "_LOOK_SECONDS", 60.0)  # an engine that is slow is left alone
    (run_dir / "containers").touch()
    docker_run = [str(docker.folder / "bin" / "docker"), "run", "--rm", "--pull", "never"]
    docker_run += [
        "--publish",
        "127.0.0.1::8080",
    ]  # a server without a port ends at once
    clients = [
        subprocess.Popen([*docker_run, "--name", name, "--label", f"azml.run={run}", IMAGE])
        for name, run in (("mine", run_dir.name), ("other", "azml-other"))
    ]
    await until(lambda: len(docker.containers) == 2)
    for client in clients:
        client.kill()
        client.wait()
    await asyncio.to_thread(remove_containers, run_dir)
    assert [one["name"] for one in docker.containers] == ["other"]


def test_podman_serves_where_docker_does_not(docker: DockerHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{docker.folder / 'bin'}:/bin:/usr/bin")
    assert Path(find_engine().program).name == "docker"
    docker.go_down()
    other = docker_host(docker.folder / "podman")
    (other.folder / "bin" / "docker").rename(docker.folder / "bin" / "podman")
    assert Path(find_engine().program).name == "podman"


def test_without_an_engine_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineFailure, match="neither docker nor podman is on PATH"):
        find_engine()


def test_it_passes_between_the_planes_whole() -> None:
    given = wanted(custom_container(model_at="/m"))
    assert deployment_from_json(to_json(given)) == given


async def test_the_router_speaks_tcp_and_goes_round_a_port_that_is_closed(routed: Routed) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(2_000_000)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=4_000_000)
    routed.stack.callback(server.close)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()[1]
    alive = server.sockets[0].getsockname()[1]
    both = (RoutedInstance("dead", f"127.0.0.1:{dead}"), RoutedInstance("alive", f"127.0.0.1:{alive}"))
    row = RoutedDeployment("/blue", "blue", 5_000, 10, both)
    await routed.router_client.route(
        RoutingTable((RoutedEndpoint("/e", "westeurope/e", (KEY,), None, {"blue": 100}, {}, (row,)),))
    )
    body = os.urandom(2_000_000)
    for _ in range(5):
        status, _, answer = await routed.ask(body)
        assert (status, answer == body) == (200, True)


@pytest.mark.skipif(not shutil.which("docker"), reason="Docker's command line is not installed")
def test_the_real_command_line_takes_these_arguments(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads them before it looks for its daemon: the daemon's absence is all it complains of."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{run_dir}/none.sock")
    docker = shutil.which("docker") or ""
    model = run_dir / "a model, with a comma"
    model.mkdir()
    container = custom_container(model_at="/var/azureml-app/azureml-models/m/1")
    desired = wanted(container, model_folder=model, environment_variables={"TOKEN": "x", "LD_PRELOAD": "y"})
    run = launch_of(docker, "azml-x-1", "azml.run=azml-x", desired, container).command
    for command in (
        run[run.index(docker) :],
        [docker, "ps", "--all", "--quiet", "--filter", "label=azml.run=azml-x"],
        [docker, "image", "inspect", "--format", "{{.Id}}", IMAGE],
        [docker, "pull", IMAGE],
        [docker, "port", "azml-x-1", "8080/tcp"],
        [docker, "stop", "-t", "3", "azml-x-1"],
        [docker, "rm", "--force", "azml-x-1"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert done.returncode in (1, 125)
        assert "annot connect to the Docker daemon" in done.stderr, done.stderr


def why_not_real() -> str:
    try:
        find_engine()
    except EngineFailure as reason:
        return str(reason)
    return ""


NOT_REAL = why_not_real()


@pytest.mark.skipif(bool(NOT_REAL), reason=NOT_REAL)
async def test_a_real_engine_runs_a_public_image(harness: Harness) -> None:
    """nginx, which answers GET alone."""
    await harness.endpoint({"blue": 100})
    route = Route(80, "/")
    container = CustomContainer("nginx:alpine", route, route, route)
    observed = await harness.settled(wanted(container, environment_variables={"TOKEN": "x"}))
    assert (observed.state, observed.error) == ("ready", None)
    url = f"https://127.0.0.1:{harness.port}/westeurope/e/score"
    headers = {"Authorization": f"Bearer {KEY}"}
    async with harness.session.get(url, headers=headers, ssl=harness.trust) as answer:
        assert (answer.status, "nginx" in await answer.text()) == (200, True)
    await harness.dataplane.delete_deployment("/e/blue")
