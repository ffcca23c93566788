"""A team's first week: everything that Azure adds, moves or refuses while nobody edits a file.

Each journey runs on the local Azure in the tests, and on a real subscription by `make verify-azure`.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import CONDA, SCORE
from tests.journeys.azure import Azure, Run
from tests.journeys.bodies import look_at_assets, look_at_bodies, look_at_leniency, told
from tests.journeys.fronts import look_at_the_front
from tests.journeys.lives import (
    look_at_a_deleted_vault,
    look_at_a_deleted_workspace,
    look_at_deleted_logs,
    look_at_quota,
)
from tests.journeys.plugin import look_at_a_failed_write, look_at_azure_native
from tests.journeys.readings import (
    deployment,
    look_at_additions,
    look_at_fixed_members,
    look_at_roles_alone,
    look_at_statuses,
    look_at_tags,
    state,
)
from tests.journeys.removal import GROUPS_API
from tests.journeys.storage import close_storage, look_at_storage
from tests.journeys.truth import Assume

pytestmark = pytest.mark.journey

POLICY_MINUTES = 30.0
PROVIDER = "/providers/Microsoft.MachineLearningServices"
BROKEN = "def init():\n    raise RuntimeError('not yet')\n\n\ndef run(data):\n    return data\n"
# Without instance_count: whoever scales it, `up` leaves the number alone.
DEPLOYMENT = """\
name: any
endpoint_name: any
model: {path: model}
code_configuration: {code: src, scoring_script: score.py}
environment:
  image: mcr.microsoft.com/azureml/minimal-ubuntu22.04-py311-cpu-inference:latest
  conda_file: conda.yml
instance_type: Standard_D2as_v4
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
    gone = azure.pulumi("destroy", "--yes", "--skip-preview")
    assert gone.code == 0, gone.text


@pytest.fixture
def group(azure: Azure) -> Iterator[None]:
    """The resource group, for a journey without the stack, which makes it itself."""
    made = azure.write("PUT", azure.group_id, {"location": azure.location}, GROUPS_API)
    assert made.status < 300, told(made)
    yield
    azure.write("DELETE", azure.group_id, None, GROUPS_API)


def test_what_azure_adds_and_moves_is_left_alone(azure: Azure, folder: Path, assume: Assume) -> None:
    """Up; everything that Azure, an autoscaler or a colleague changes; up again writes nothing."""
    azure.configure(deployments={"blue": {}}, traffic={"blue": 100})
    azure.up()
    look_at_additions(azure, assume)
    look_at_the_front(azure, assume)
    look_at_quota(azure, assume, deployment(azure, "blue"))
    scale(azure, "blue", 2)
    azure.unchanged()
    instances = deployment(azure, "blue")["sku"]["capacity"]
    assume("read-4", instances == 2, f"{instances} instances after scaling and an update")

    (folder / "model" / "answer.txt").write_text("two\n")
    said(azure.azml("release", "echo"))
    azure.up()
    assert (answer(azure, "blue"), answer(azure, "green")) == ("one", "two")
    said(azure.azml("traffic", "echo", "blue=90", "green=10"))
    said(azure.pulumi("refresh", "--yes", "--skip-preview"))
    azure.unchanged()
    said(azure.azml("rollback", "echo", "--to", "blue"))
    azure.unchanged()

    # git revert: the folder holds what it held before, which was uploaded and registered then.
    (folder / "model" / "answer.txt").write_text("one\n")
    azure.configure(deployments={"blue": {}}, traffic={"blue": 100}, allow_live_change=True)
    azure.up()
    assert answer(azure, "blue") == "one"


def test_how_azure_answers_and_what_it_refuses(azure: Azure, folder: Path, assume: Assume) -> None:
    """Statuses, headers and refusals, with an endpoint that has no deployments."""
    azure.configure(deployments={}, traffic={})
    azure.up()
    look_at_statuses(azure, assume)
    look_at_fixed_members(azure, assume)
    look_at_bodies(azure, assume)
    look_at_leniency(azure, assume)
    look_at_assets(azure, assume)
    look_at_tags(azure, assume)
    said(azure.pulumi("destroy", "--yes", "--skip-preview"))
    again = azure.pulumi("up", "--yes", "--skip-preview")
    assume("life-2", again.code == 0, again.text if again.code else "the purged names were free again")
    azure.write("DELETE", azure.endpoint_id)
    look_at_a_deleted_workspace(azure, assume)


def test_what_a_group_without_a_stack_can_be_asked(azure: Azure, group: None, assume: Assume) -> None:
    """Storage, azure-native's own rules, and what is kept of deleted vaults and logs."""
    given = look_at_storage(azure, assume)
    look_at_azure_native(azure, assume)
    close_storage(azure, assume, given)
    look_at_a_deleted_vault(azure, assume)
    look_at_deleted_logs(azure, assume)


def test_a_first_creation_that_failed_is_tried_again(azure: Azure, folder: Path, assume: Assume) -> None:
    """By an `up` without a change of anybody's; and once the script is right, it serves.

    The storage opens to roles alone, which a first deployment has to be given in time.
    """
    (folder / "src" / "score.py").write_text(BROKEN)
    by_roles = {"sharedKeys": False}
    azure.configure(workspace=by_roles, deployments={"blue": {}}, traffic={})
    assert azure.pulumi("up", "--yes", "--skip-preview").code != 0
    first = deployment(azure, "blue")
    assert state(first) == "Failed"
    look_at_a_failed_write(assume, azure.state(), f"{azure.endpoint_id}/deployments/blue")
    refreshed = azure.pulumi("refresh", "--yes", "--skip-preview")
    assume("native-4", refreshed.code == 0, refreshed.text if refreshed.code else "the refresh went well")
    assert azure.pulumi("up", "--yes", "--skip-preview").code != 0
    second = deployment(azure, "blue")
    moved = operation(first) != operation(second)
    assume("read-2", moved, f"{operation(first)}, then {operation(second)}")

    (folder / "src" / "score.py").write_text(SCORE)
    azure.configure(workspace=by_roles, deployments={"blue": {}}, traffic={"blue": 100})
    mended = azure.pulumi("up", "--yes", "--skip-preview")
    look_at_roles_alone(azure, assume, mended)
    said(mended)
    assert answer(azure, "blue") == "one"
    azure.unchanged()


def scale(azure: Azure, slot: str, instances: int) -> None:
    """Do what autoscaling does."""
    sku = {"sku": {"name": "Default", "capacity": instances}}
    started = azure.write("PATCH", f"{azure.endpoint_id}/deployments/{slot}", sku)
    assert started.status < 300, told(started)


def said(done: Run) -> str:
    """What a command that must succeed has printed."""
    assert done.code == 0, done.text
    return done.text


def answer(azure: Azure, slot: str) -> Any:
    """What a deployment predicts."""
    request = azure.root / "request.json"
    request.write_text("{}")
    return json.loads(
        said(azure.azml("invoke", "echo", "-d", slot, "-f", str(request))).strip().splitlines()[-1]
    )


def operation(resource: dict[str, Any]) -> str:
    """The operation that wrote it last."""
    return str((resource["properties"].get("properties") or {}).get("AzureAsyncOperationUri"))
