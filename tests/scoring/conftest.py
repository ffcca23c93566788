"""The sample's models where they serve, and the environment that they are trained in."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from azml.azure.http import Http
from azml.emulator.supervisor.environments.programs import find_uv
from azml.toolchain.cache import cache_folder, locked
from tests.fixtures.clones import TestClone
from tests.fixtures.whole_azure import WholeAzure
from tests.scoring.server import SAMPLE, Server

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-azml-local"
ENDPOINT = (
    f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/mlw-azml-local/onlineEndpoints/diabetes"
)


@pytest.fixture(scope="session")
def training_python() -> Path:
    """An interpreter with exactly what training/requirements.txt locks."""
    lock = SAMPLE / "training" / "requirements.txt"
    document = f"{sys.version}{lock.read_text()}"
    folder = (
        cache_folder() / "environments" / f"training-{hashlib.sha256(document.encode()).hexdigest()[:12]}"
    )
    python = folder / "bin" / "python"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.with_suffix(".lock"), print):
        _uv("venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder))
        _uv("pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(lock))
    return python


@pytest.fixture(scope="module")
def http(sample: TestClone, first_up: str) -> Iterator[Http]:
    """Connections to the sample's local Azure, on which `azml up` has run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(sample.root / ".azml" / "emulator" / "ca-bundle.pem"))
        http = Http()
        yield http
        http.close()


@pytest.fixture(scope="module")
def blue(sample: TestClone, http: Http) -> Server:
    """The MLflow model, which the local Azure serves without code."""
    return _served("blue", sample, http)


@pytest.fixture(scope="module")
def green(sample: TestClone, http: Http) -> Server:
    """The custom model and its score.py."""
    return _served("green", sample, http)


@pytest.fixture(scope="module", params=["blue", "green"])
def either(request: pytest.FixtureRequest, blue: Server, green: Server) -> Server:
    """Each of the two models in turn."""
    return {"blue": blue, "green": green}[request.param]


def _served(slot: str, sample: TestClone, http: Http) -> Server:
    azure = WholeAzure(sample.root / ".azml" / "emulator")
    azure.port = int(sample.environment["AZML_PORT"])
    uri = azure.arm("GET", ENDPOINT).body["properties"]["scoringUri"]
    return Server(http, uri, azure.arm("POST", f"{ENDPOINT}/listKeys").body["primaryKey"], slot)


def _uv(*arguments: str) -> None:
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run([find_uv(), *arguments], check=True, env=environment, timeout=240)
