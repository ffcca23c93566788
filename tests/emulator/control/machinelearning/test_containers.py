"""Custom containers: refused before anything starts where none can run, else told to the data plane whole."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.control_plane import (
    ENDPOINT,
    WORKSPACE,
    Answer,
    deployment_body,
)
from tests.fixtures.docker_host import DockerHost, docker_host
from tests.fixtures.in_process import InProcessAzure, with_endpoint

pytestmark = pytest.mark.process

BLUE = f"{ENDPOINT}/deployments/blue"
ENVIRONMENT = f"{WORKSPACE}/environments/own/versions"
CONFIG = {
    "livenessRoute": {"port": 8501, "path": "/live"},
    "readinessRoute": {"port": 8501, "path": "/ready"},
    "scoringRoute": {"port": 8500, "path": "/v1/models/half:predict"},
}
IMAGE = "docker.io/tensorflow/serving:latest"


@pytest.fixture
def azure(in_process: InProcessAzure) -> Iterator[InProcessAzure]:
    yield from with_endpoint(in_process)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DockerHost:
    host = docker_host(tmp_path / "docker")
    monkeypatch.setenv("PATH", host.path)
    return host


def put(azure: InProcessAzure, environment: dict[str, Any] | None = None, **properties: Any) -> Answer:
    body = {"image": IMAGE, "inferenceConfig": CONFIG, **(environment or {})}
    azure.done(azure.arm("PUT", f"{ENVIRONMENT}/1", {"properties": body}))
    return azure.arm("PUT", BLUE, deployment_body(environmentId=f"{ENVIRONMENT}/1", **properties))


def test_the_data_plane_hears_of_image_routes_and_places(azure: InProcessAzure, docker: DockerHost) -> None:
    azure.done(put(azure))
    asked = azure.dataplane.named("blue")
    assert asked["container"] == {
        "image": IMAGE,
        "liveness": {"port": 8501, "path": "/live"},
        "readiness": {"port": 8501, "path": "/ready"},
        "scoring": {"port": 8500, "path": "/v1/models/half:predict"},
        "model_at": "/var/azureml-app/azureml-models/m/1",
        "code_at": "/var/azureml-app/1",
    }
    assert (asked["mlflow"], asked["scoring_script"]) == (False, "score.py")


def test_the_mount_path_is_before_the_model_s_name_and_version(
    azure: InProcessAzure, docker: DockerHost
) -> None:
    azure.done(put(azure, modelMountPath="/var/mounted/", codeConfiguration=None))
    asked = azure.dataplane.named("blue")
    assert asked["container"]["model_at"] == "/var/mounted/m/1"
    assert (asked["container"]["code_at"], asked["code_folder"], asked["mlflow"]) == (None, None, False)


def test_a_container_needs_neither_model_nor_code(azure: InProcessAzure, docker: DockerHost) -> None:
    azure.done(put(azure, model=None, codeConfiguration=None))
    assert azure.dataplane.named("blue")["container"]["model_at"] is None


def test_the_files_are_for_whatever_user_a_container_has(azure: InProcessAzure, docker: DockerHost) -> None:
    azure.done(put(azure))
    folder = Path(azure.dataplane.named("blue")["model_folder"])
    assert all(path.stat().st_mode & stat.S_IROTH for path in (folder, *folder.rglob("*")))
    assert folder.stat().st_mode & stat.S_IXOTH
    assert not folder.parents[2].stat().st_mode & stat.S_IXOTH, "and for no other user of this machine"


@pytest.mark.parametrize("down", [True, False])
def test_without_an_engine_it_is_refused_with_what_would_run_it(
    azure: InProcessAzure, docker: DockerHost, monkeypatch: pytest.MonkeyPatch, down: bool
) -> None:
    if down:
        docker.go_down()
        monkeypatch.setenv("PATH", f"{docker.folder / 'bin'}:/bin")
    else:
        monkeypatch.setenv("PATH", str(docker.folder))
    answer = put(azure)
    assert (answer.status, answer.code) == (400, "UnsupportedEnvironment")
    message = answer.body["error"]["message"]
    why = "docker is installed but does not answer: Cannot connect" if down else "neither docker nor podman"
    assert why in message
    assert "install Docker (or Podman) and start it" in message
    assert azure.dataplane.deployments == {}


@pytest.mark.parametrize(
    ("environment", "properties", "said"),
    [
        ({"image": "--privileged"}, {}, "is not the name of an image"),
        ({"inferenceConfig": {**CONFIG, "scoringRoute": {"port": 0, "path": "/"}}}, {}, "scoringRoute.port"),
        (
            {"inferenceConfig": {**CONFIG, "livenessRoute": {"port": 80, "path": "/ HTTP/1.1\r\nX: y"}}},
            {},
            "livenessRoute.path",
        ),
        ({"inferenceConfig": {}}, {"codeConfiguration": None}, "must have a model of type mlflow_model"),
        ({}, {"modelMountPath": "mounted"}, "is not an absolute path"),
        ({}, {"modelMountPath": "/a/../b"}, "is not an absolute path"),
    ],
)
def test_what_cannot_be_is_refused(
    azure: InProcessAzure,
    docker: DockerHost,
    environment: dict[str, Any],
    properties: dict[str, Any],
    said: str,
) -> None:
    answer = put(azure, environment, **properties)
    assert answer.status == 400
    assert said in answer.body["error"]["message"]
    assert azure.dataplane.deployments == {}


def test_a_build_context_is_refused_even_so(azure: InProcessAzure, docker: DockerHost) -> None:
    context = {"build": {"contextUri": "https://x/", "dockerfilePath": "Dockerfile"}}
    azure.done(azure.arm("PUT", f"{ENVIRONMENT}/2", {"properties": context}))
    answer = azure.arm("PUT", BLUE, deployment_body(environmentId=f"{ENVIRONMENT}/2"))
    assert (answer.status, answer.code) == (400, "UnsupportedEnvironment")
    assert "a build context" in answer.body["error"]["message"]
