"""A team's first week: everything that Azure adds, moves or refuses while nobody edits a file.

Each journey runs on the local Azure in the tests, and on a real subscription by `make verify-azure`.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.azure import Azure
from tests.journeys.conftest import Assume

pytestmark = pytest.mark.journey

SCORE = """\
import os
from pathlib import Path


def init():
    global answer
    answer = next(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("*.txt")).read_text().strip()


def run(data):
    return answer
"""
BROKEN = "def init():\n    raise RuntimeError('not yet')\n\n\ndef run(data):\n    return data\n"
CONDA = "dependencies:\n- python=3.11\n- pip\n- pip:\n  - azureml-inference-server-http>=1.5.1\n"
# Without instance_count: whoever scales it, `up` leaves the number alone.
DEPLOYMENT = """\
name: any
endpoint_name: any
model: {path: model}
code_configuration: {code: src, scoring_script: score.py}
environment:
  image: mcr.microsoft.com/azureml/minimal-ubuntu22.04-py311-cpu-inference:latest
  conda_file: conda.yml
instance_type: Standard_DS2_v2
environment_variables: {GREETING: hello}
"""


@pytest.fixture
def folder(azure: Azure) -> Path:
    """The scoring folder, with a model that answers `one`."""
    folder = azure.root / "scoring" / "echo"
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("model", "src"):
        (folder / part).mkdir(parents=True)
    (folder / "endpoint.yml").write_text("name: echo\nauth_mode: key\nproperties: {team: risk}\n")
    (folder / "deployment.yml").write_text(DEPLOYMENT)
    (folder / "conda.yml").write_text(CONDA)
    (folder / "src" / "score.py").write_text(SCORE)
    (folder / "model" / "answer.txt").write_text("one\n")
    return folder


@pytest.fixture(autouse=True)
def left_clean(azure: Azure) -> Iterator[None]:
    """Whatever a journey made is gone before the next one."""
    yield
    azure.pulumi("destroy", "--yes", "--skip-preview")


def test_what_azure_adds_and_moves_is_left_alone(azure: Azure, folder: Path, assume: Assume) -> None:
    """Up; everything that Azure, a policy, an autoscaler or a colleague changes; up again writes nothing."""
    azure.configure(deployments={"blue": {}}, traffic={"blue": 100})
    azure.up()
    azure.unchanged()
    look_at_what_is_added(azure, assume)
    perturb(azure)
    azure.unchanged()

    (folder / "model" / "answer.txt").write_text("two\n")
    released = azure.azml("release", "echo")
    assert released.code == 0, released.text
    azure.up()
    assert answers(azure, "blue") == "one"
    assert answers(azure, "green") == "two"
    azure.unchanged()

    moved = azure.azml("traffic", "echo", "blue=90", "green=10")
    assert moved.code == 0, moved.text
    azure.unchanged()
    back = azure.azml("rollback", "echo", "--to", "blue")
    assert back.code == 0, back.text
    refreshed = azure.pulumi("refresh", "--yes", "--skip-preview")
    assert refreshed.code == 0, refreshed.text
    azure.unchanged()

    (folder / "model" / "answer.txt").write_text("one\n")
    azure.configure(deployments={"blue": {}}, traffic={"blue": 100}, allow_live_change=True)
    azure.up()
    assert answers(azure, "blue") == "one"


def test_destroyed_and_made_again_on_the_same_day(azure: Azure, folder: Path) -> None:
    """With `purge`, names are free again, and content that was uploaded once is no obstacle."""
    azure.configure(deployments={}, traffic={})
    for _ in range(2):
        azure.up()
        gone = azure.pulumi("destroy", "--yes", "--skip-preview")
        assert gone.code == 0, gone.text


def test_a_first_creation_that_failed_is_tried_again(azure: Azure, folder: Path, assume: Assume) -> None:
    """By an `up` without a change of anybody's; and once the script is right, it serves."""
    (folder / "src" / "score.py").write_text(BROKEN)
    azure.configure(deployments={"blue": {}}, traffic={"blue": 0})
    assert azure.pulumi("up", "--yes", "--skip-preview").code != 0
    first = deployment(azure, "blue")
    assume("native-1", state(first) == "Failed", state(first))
    again = azure.pulumi("up", "--yes", "--skip-preview")
    assert again.code != 0, again.text
    second = deployment(azure, "blue")
    assert operation(second) != operation(first), "nothing was tried again"

    (folder / "src" / "score.py").write_text(SCORE)
    azure.configure(deployments={"blue": {}}, traffic={"blue": 100})
    azure.up()
    assert answers(azure, "blue") == "one"
    azure.unchanged()


def look_at_what_is_added(azure: Azure, assume: Assume) -> None:
    """Compare what is read with what was written."""
    found = deployment(azure, "blue")["properties"]
    given = set(found["environmentVariables"]) - {"GREETING"}
    assume("read-1", given == {"AML_APP_ROOT", "AZUREML_ENTRY_SCRIPT", "AZUREML_MODEL_DIR"}, sorted(given))


def perturb(azure: Azure) -> None:
    """Change by hand what autoscaling, a policy and others change."""
    blue = f"{azure.endpoint_id}/deployments/blue"
    scaled = azure.ask("PATCH", blue, {"sku": {"name": "Default", "capacity": 2}})
    azure.arm().wait(azure.arm().accepted(scaled))


def answers(azure: Azure, slot: str) -> Any:
    """What a deployment predicts."""
    request = azure.root / "request.json"
    request.write_text("{}")
    asked = azure.azml("invoke", "echo", "-d", slot, "-f", str(request))
    assert asked.code == 0, asked.text
    return json.loads(asked.text.strip().splitlines()[-1])


def deployment(azure: Azure, slot: str) -> dict[str, Any]:
    """A deployment as Azure answers it."""
    found: dict[str, Any] = azure.ask("GET", f"{azure.endpoint_id}/deployments/{slot}").json()
    return found


def state(resource: dict[str, Any]) -> str:
    """Its provisioning state."""
    return str(resource["properties"].get("provisioningState"))


def operation(resource: dict[str, Any]) -> str:
    """The operation that wrote it last."""
    return str((resource["properties"].get("properties") or {}).get("AzureAsyncOperationUri"))
