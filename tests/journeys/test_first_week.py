"""A team's first week: everything that Azure adds, moves or refuses while nobody edits a file.

Each journey runs on the local Azure in the tests, and on a real subscription by `make verify-azure`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.scoring_folder import ANSWERS, BROKEN, write_scoring_folder
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
from tests.journeys.registries import look_at_a_registry
from tests.journeys.removal import GROUPS_API
from tests.journeys.storage import close_storage, look_at_storage
from tests.journeys.truth import Assume

pytestmark = pytest.mark.journey

POLICY_MINUTES = 30.0
PROVIDER = "/providers/Microsoft.MachineLearningServices"
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
def folder(journey_azure: Azure) -> Path:
    """The scoring folder, with a model that answers `one`."""
    endpoint = "name: echo\nauth_mode: key\nproperties: {team: risk}\n"
    folder = journey_azure.root / "scoring" / "echo"
    return write_scoring_folder(folder, deployment=DEPLOYMENT, endpoint=endpoint)


@pytest.fixture(autouse=True)
def left_clean(journey_azure: Azure) -> Iterator[None]:
    """Whatever a journey made is gone before the next one."""
    yield
    gone = journey_azure.pulumi("destroy", "--yes", "--skip-preview")
    assert gone.code == 0, gone.text


@pytest.fixture
def group(journey_azure: Azure) -> Iterator[None]:
    """The resource group, for a journey without the stack, which makes it itself."""
    made = journey_azure.write(
        "PUT", journey_azure.group_id, {"location": journey_azure.location}, GROUPS_API
    )
    assert made.status < 300, told(made)
    yield
    journey_azure.write("DELETE", journey_azure.group_id, None, GROUPS_API)


def test_what_azure_adds_and_moves_is_left_alone(journey_azure: Azure, folder: Path, assume: Assume) -> None:
    """Up; everything that Azure, an autoscaler or a colleague changes; up again writes nothing."""
    journey_azure.configure(deployments={"blue": {}}, traffic={"blue": 100})
    journey_azure.up()
    look_at_additions(journey_azure, assume)
    look_at_the_front(journey_azure, assume)
    look_at_quota(journey_azure, assume, deployment(journey_azure, "blue"))
    scale(journey_azure, "blue", 2)
    journey_azure.unchanged()
    instances = deployment(journey_azure, "blue")["sku"]["capacity"]
    assume("read-4", instances == 2, f"{instances} instances after scaling and an update")

    (folder / "model" / "answer.txt").write_text("two\n")
    said(journey_azure.azml("release", "echo"))
    journey_azure.up()
    assert (answer(journey_azure, "blue"), answer(journey_azure, "green")) == ("one", "two")
    said(journey_azure.azml("traffic", "echo", "blue=90", "green=10"))
    said(journey_azure.pulumi("refresh", "--yes", "--skip-preview"))
    journey_azure.unchanged()
    said(journey_azure.azml("rollback", "echo", "--to", "blue"))
    journey_azure.unchanged()

    # git revert: the folder holds what it held before, which was uploaded and registered then.
    (folder / "model" / "answer.txt").write_text("one\n")
    journey_azure.configure(deployments={"blue": {}}, traffic={"blue": 100}, allow_live_change=True)
    journey_azure.up()
    assert answer(journey_azure, "blue") == "one"


def test_how_azure_answers_and_what_it_refuses(journey_azure: Azure, folder: Path, assume: Assume) -> None:
    """Statuses, headers and refusals, with an endpoint that has no deployments."""
    journey_azure.configure(deployments={}, traffic={})
    journey_azure.up()
    look_at_statuses(journey_azure, assume)
    look_at_fixed_members(journey_azure, assume)
    look_at_bodies(journey_azure, assume)
    look_at_leniency(journey_azure, assume)
    look_at_assets(journey_azure, assume)
    look_at_tags(journey_azure, assume)
    said(journey_azure.pulumi("destroy", "--yes", "--skip-preview"))
    again = journey_azure.pulumi("up", "--yes", "--skip-preview")
    assume("life-2", again.code == 0, again.text if again.code else "the purged names were free again")
    journey_azure.write("DELETE", journey_azure.endpoint_id)
    look_at_a_deleted_workspace(journey_azure, assume)


def test_what_a_group_without_a_stack_can_be_asked(journey_azure: Azure, group: None, assume: Assume) -> None:
    """Storage, azure-native's own rules, a registry, and what is kept of deleted vaults and logs."""
    given = look_at_storage(journey_azure, assume)
    look_at_azure_native(journey_azure, assume)
    close_storage(journey_azure, assume, given)
    look_at_a_registry(journey_azure, assume)
    look_at_a_deleted_vault(journey_azure, assume)
    look_at_deleted_logs(journey_azure, assume)


def test_a_first_creation_that_failed_is_tried_again(
    journey_azure: Azure, folder: Path, assume: Assume
) -> None:
    """By an `up` without a change of anybody's; and once the script is right, it serves.

    The storage opens to roles alone, which a first deployment has to be given in time.
    """
    (folder / "src" / "score.py").write_text(BROKEN)
    by_roles = {"sharedKeys": False}
    journey_azure.configure(workspace=by_roles, deployments={"blue": {}}, traffic={})
    assert journey_azure.pulumi("up", "--yes", "--skip-preview").code != 0
    first = deployment(journey_azure, "blue")
    assert state(first) == "Failed"
    look_at_a_failed_write(assume, journey_azure.state(), f"{journey_azure.endpoint_id}/deployments/blue")
    refreshed = journey_azure.pulumi("refresh", "--yes", "--skip-preview")
    assume("native-4", refreshed.code == 0, refreshed.text if refreshed.code else "the refresh went well")
    assert journey_azure.pulumi("up", "--yes", "--skip-preview").code != 0
    second = deployment(journey_azure, "blue")
    moved = operation(first) != operation(second)
    assume("read-2", moved, f"{operation(first)}, then {operation(second)}")

    (folder / "src" / "score.py").write_text(ANSWERS)
    journey_azure.configure(workspace=by_roles, deployments={"blue": {}}, traffic={"blue": 100})
    mended = journey_azure.pulumi("up", "--yes", "--skip-preview")
    look_at_roles_alone(journey_azure, assume, mended)
    said(mended)
    assert answer(journey_azure, "blue") == "one"
    journey_azure.unchanged()


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
