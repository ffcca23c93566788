"""The sample's environments, built by uv and kept in the user's cache, and its models on the real server."""

import asyncio
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from azml.emulator.dataplane import environments as dataplane_environments
from azml.emulator.dataplane.contract import DesiredDeployment
from azml.emulator.dataplane.environments import Environments, find_uv, requirements_of
from azml.specs.load import load_deployment
from azml.specs.records import DeploymentSpec, LocalCode, LocalEnvironment, LocalModel
from azml.toolchain.cache import cache_folder, held

from .server import SAMPLE, Server, serve

MLFLOW_SCRIPT = Path(dataplane_environments.__file__).with_name("mlflow_score.py")


@pytest.fixture(scope="session")
def training_python() -> Path:
    """An interpreter with exactly what training/requirements.txt locks."""
    lock = SAMPLE / "training" / "requirements.txt"
    told = f"{sys.version}{lock.read_text()}"
    folder = cache_folder() / "environments" / f"training-{hashlib.sha256(told.encode()).hexdigest()[:12]}"
    python = folder / "bin" / "python"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with held(folder.with_suffix(".lock"), print):
        _uv("venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder))
        _uv("pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(lock))
    return python


@pytest.fixture(scope="session")
def blue() -> Iterator[Server]:
    """The MLflow model behind Microsoft's inference server, as the local Azure serves it without code."""
    with _served("blue") as server:
        yield server


@pytest.fixture(scope="session")
def green() -> Iterator[Server]:
    """The custom model and its score.py behind Microsoft's inference server."""
    with _served("green") as server:
        yield server


@pytest.fixture(scope="session", params=["blue", "green"])
def either(request: pytest.FixtureRequest) -> Server:
    """Each of the two models in turn."""
    server: Server = request.getfixturevalue(request.param)
    return server


def _uv(*arguments: str) -> None:
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run([find_uv(), *arguments], check=True, env=environment, timeout=240)


def _served(name: str) -> AbstractContextManager[Server]:
    spec = load_deployment(SAMPLE / f"{name}.yml")
    assert isinstance(spec.model, LocalModel)
    script = (
        spec.code.path / (spec.scoring_script or "") if isinstance(spec.code, LocalCode) else MLFLOW_SCRIPT
    )
    return serve(_python(spec), script, spec.model.path)


def _python(spec: DeploymentSpec) -> Path:
    """The interpreter of the environment that the local Azure builds for this deployment."""
    assert isinstance(spec.model, LocalModel)
    desired = DesiredDeployment(
        key=spec.name,
        endpoint_key="",
        name=spec.name,
        model_folder=spec.model.path,
        mlflow=spec.model.type == "mlflow_model",
        conda=spec.environment.conda if isinstance(spec.environment, LocalEnvironment) else None,
    )
    environments = Environments(cache_folder() / "environments")
    return asyncio.run(environments.prepare(requirements_of(desired), print)).python
