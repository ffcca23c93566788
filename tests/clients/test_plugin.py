"""Azure's Go libraries, put together as the azure-native plugin does, against the local Azure."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.control_plane import ControlPlane, started

pytestmark = pytest.mark.process

SOURCE = Path(__file__).parent / "plugin"
WANTED = (
    "ARM_METADATA_HOSTNAME",
    "ARM_DISABLE_INSTANCE_DISCOVERY",
    "ARM_SUBSCRIPTION_ID",
    "ARM_TENANT_ID",
    "ARM_CLIENT_ID",
    "ARM_CLIENT_SECRET",
    "SSL_CERT_FILE",
    "NO_PROXY",
)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client, built from source; Go keeps what it built for the next run."""
    if sys.platform == "darwin":
        pytest.skip("on macOS Go trusts the keychain alone: SSL_CERT_FILE does not reach it")
    if shutil.which("go") is None:
        pytest.skip("Go is not installed: this client is a Go program")
    if subprocess.run(["go", "mod", "download"], cwd=SOURCE, capture_output=True).returncode:
        pytest.skip("Go cannot fetch this client's modules, or is older than they ask for")
    built = tmp_path_factory.mktemp("go") / "plugin"
    subprocess.run(["go", "build", "-o", str(built), "."], cwd=SOURCE, check=True)
    return built


@pytest.fixture(scope="module")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with started(tmp_path_factory.mktemp("go") / "emulator") as azure:
        yield azure


def test_the_plugin_s_libraries_sign_in_and_make_and_delete_resources(
    program: Path, control_plane: ControlPlane
) -> None:
    """Of all variables it gets only those it reads: nothing else points it here."""
    answer = control_plane.own("GET", "environment").body
    environment = {name: answer[name] for name in WANTED} | {"HOME": os.environ["HOME"]}
    began = time.monotonic()
    done = subprocess.run([program], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    made = [line["made"] for line in said if "made" in line]
    assert [resource["name"] for resource in made] == [
        "rg-go",
        "goaccount",
        "govault",
        "go-ws",
        "go-endpoint",
    ]
    assert {resource["properties"]["provisioningState"] for resource in made} == {"Succeeded"}
    assert made[-1]["properties"]["scoringUri"].startswith("https://127.0.0.1:9/westeurope/go-endpoint/")
    assert [line["keys"] for line in said if "keys" in line] == [1, 2]
    assert [line["refused"] for line in said if "refused" in line] == [{"status": 400, "code": "InvalidName"}]
    assert [line["gone"] for line in said if "gone" in line] == [404, 404]
    assert time.monotonic() - began < 10, "a poller waited for its own 10 s instead of what it was told"
