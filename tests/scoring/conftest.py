"""The sample's environments, built by uv and kept in the user's cache, and its models on the real server."""

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from azml.emulator.contract.deployments import DesiredDeployment
from azml.emulator.supervisor.environments.environments import Environments
from azml.emulator.supervisor.environments.programs import find_uv
from azml.emulator.supervisor.environments.requirements import requirements_of
from azml.specs.load import load_deployment
from azml.specs.records import DeploymentSpec, LocalCode, LocalEnvironment, LocalModel
from azml.toolchain.cache import cache_folder, locked
from tests.scoring.server import SAMPLE, Server, serve


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


@pytest.fixture(scope="session")
def blue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The MLflow model behind Microsoft's inference server, as the local Azure serves it without code."""
    with _served("blue", tmp_path_factory.mktemp("blue")) as server:
        yield server


@pytest.fixture(scope="session")
def green(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The custom model and its score.py behind Microsoft's inference server."""
    with _served("green", tmp_path_factory.mktemp("green")) as server:
        yield server


@pytest.fixture(scope="session", params=["blue", "green"])
def either(request: pytest.FixtureRequest) -> Server:
    """Each of the two models in turn."""
    server: Server = request.getfixturevalue(request.param)
    return server


def _uv(*arguments: str) -> None:
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run([find_uv(), *arguments], check=True, env=environment, timeout=240)


def _served(name: str, models: Path) -> AbstractContextManager[Server]:
    deployment = _desired(load_deployment(SAMPLE / f"{name}.yml"), models)
    environments = Environments(cache_folder() / "environments")
    environment = asyncio.run(environments.prepare(requirements_of(deployment), print))
    return serve(deployment, environment)


def _desired(spec: DeploymentSpec, models: Path) -> DesiredDeployment:
    """The deployment as the local Azure is asked for it: its model alone in a folder."""
    assert isinstance(spec.model, LocalModel)
    copy = shutil.copytree if spec.model.path.is_dir() else shutil.copy
    copy(spec.model.path, models / spec.model.path.name)
    return DesiredDeployment(
        key=spec.name,
        endpoint_key="diabetes",
        name=spec.name,
        model_folder=models,
        mlflow=spec.model.type == "mlflow_model",
        code_folder=spec.code.path if isinstance(spec.code, LocalCode) else None,
        scoring_script=spec.scoring_script,
        conda=spec.environment.conda if isinstance(spec.environment, LocalEnvironment) else None,
    )
