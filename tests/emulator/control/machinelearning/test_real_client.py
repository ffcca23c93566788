"""The real azure-ai-ml client, unmodified, against the running control plane."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.control_plane import ControlPlane, build_workspace
from tests.fixtures.registry import build_registry

SCRIPT = Path(__file__).with_name("real_client.py")
MLMODEL = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"


def lay_out(folder: Path) -> None:
    for name, content in {
        "model/weights.bin": "weights",
        "flow/MLmodel": MLMODEL,
        "code/score.py": "def init(): ...\ndef run(data): return data\n",
        "conda.yml": "dependencies: [python=3.11, pip: [numpy]]\n",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


@pytest.fixture
def run(azure: ControlPlane, tmp_path: Path) -> dict[str, Any]:
    """One run of the script, and what it saw."""
    build_workspace(azure)
    build_registry(azure)
    lay_out(tmp_path)
    azure.dataplane.outcomes["broken"] = "failed"
    environment = {**os.environ, **azure.own("GET", "environment").body}
    command = [sys.executable, str(SCRIPT), str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-4000:]
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen


def test_an_ordinary_script_does_everything_an_endpoint_needs(
    run: dict[str, Any], azure: ControlPlane, tmp_path: Path
) -> None:
    """One test, because importing the client costs seconds: sign-in, deployments, shares, keys, assets."""
    assert run["default_credential"] is True
    assert run["workspace"] == "westeurope"
    assert run["blue"][:2] == ["Succeeded", 2]
    assert run["again"] == [{"again": "yes"}, True], "the code was found by its hash"
    assert run["green"] == "Succeeded"
    assert "ValueError('no model')" in run["broken"]
    assert run["traffic"] == {"blue": 90, "green": 10}
    assert run["refused"][0] == 400
    assert {name: share for name, share in run["refused"][1].items() if share} == {"blue": 90, "green": 10}
    assert run["rotated"] == [True, True]
    assert "inference-server 10" in run["logs"]
    assert run["environments"] == ["1", "2", "2"]
    assert run["models"][0] == "2"
    assert {"weights", "numbered"} <= set(run["models"][1])
    assert run["datastore"] == "workspaceblobstore"
    assert run["datastores"] == ["workspaceblobstore"], "the other one was made and deleted"
    assert "no ARM templates" in run["template"]
    assert run["listed"] == ["blue", "broken", "green"]
    assert (run["live"], run["gone"]) == (409, True)
    downloaded = [path.read_text() for path in (tmp_path / "downloaded").rglob("weights.bin")]
    assert downloaded == ["weights"]
    assert run["seconds"] < 30
    _check_registry(run)


def _check_registry(run: dict[str, Any]) -> None:
    """What the script did with a registry: publish, read, share from the workspace."""
    assert run["in_registry"] == ["azureml://registries/shared/models/own/versions/1", "1"]
    assert set(run["same"]) == {"azureml://registries/shared/environments/env/versions/1"}
    assert run["changed"] == 409
    assert run["code"] == "azureml://registries/shared/codes/code/versions/1"
    assert run["shared"] == "azureml://registries/shared/models/weights/versions/7"
    assert run["all"] == [["own", "weights"], ["env", "weights"]]
    assert run["nobodys"] is True
