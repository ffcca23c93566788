"""A team's first week: everything that Azure adds, moves or refuses while nobody edits a file.

Each journey runs on the local Azure in the tests, and on a real subscription by `make verify-azure`.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from azml.azure.http import Response
from tests.cli.conftest import CONDA, SCORE
from tests.journeys.azure import Azure, Run
from tests.journeys.conftest import Assume

pytestmark = pytest.mark.journey

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
    gone = azure.pulumi("destroy", "--yes", "--skip-preview")
    assert gone.code == 0, gone.text


def test_what_azure_adds_and_moves_is_left_alone(azure: Azure, folder: Path, assume: Assume) -> None:
    """Up; everything that Azure, an autoscaler or a colleague changes; up again writes nothing."""
    azure.configure(deployments={"blue": {}}, traffic={"blue": 100})
    azure.up()
    look_at_additions(azure, assume)
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
    """Statuses, headers and refusals of an endpoint without deployments; then again on the same day."""
    azure.configure(deployments={}, traffic={})
    azure.up()
    look_at_statuses(azure, assume)
    look_at_fixed_members(azure, assume)
    look_at_bodies(azure, assume)
    said(azure.pulumi("destroy", "--yes", "--skip-preview"))
    gone = azure.ask("GET", azure.workspace_id).status
    assume("life-4", gone == 404, f"GET of the deleted workspace: {gone}")
    again = azure.pulumi("up", "--yes", "--skip-preview")
    assume("life-2", again.code == 0, again.text if again.code else "the purged names were free again")


def test_a_first_creation_that_failed_is_tried_again(azure: Azure, folder: Path, assume: Assume) -> None:
    """By an `up` without a change of anybody's; and once the script is right, it serves."""
    (folder / "src" / "score.py").write_text(BROKEN)
    azure.configure(deployments={"blue": {}}, traffic={})
    assert azure.pulumi("up", "--yes", "--skip-preview").code != 0
    first = deployment(azure, "blue")
    assert state(first) == "Failed"
    refreshed = azure.pulumi("refresh", "--yes", "--skip-preview")
    assume("native-4", refreshed.code == 0, refreshed.text if refreshed.code else "the refresh went well")
    assert azure.pulumi("up", "--yes", "--skip-preview").code != 0
    second = deployment(azure, "blue")
    moved = operation(first) != operation(second)
    assume("read-2", moved, f"{operation(first)}, then {operation(second)}")

    (folder / "src" / "score.py").write_text(SCORE)
    azure.configure(deployments={"blue": {}}, traffic={"blue": 100})
    azure.up()
    assert answer(azure, "blue") == "one"
    azure.unchanged()


def look_at_additions(azure: Azure, assume: Assume) -> None:
    """Compare what is read with what was written."""
    blue = deployment(azure, "blue")["properties"]
    added = set(blue["environmentVariables"]) - {"GREETING"}
    assume("read-1", added == {"AML_APP_ROOT", "AZUREML_ENTRY_SCRIPT", "AZUREML_MODEL_DIR"}, sorted(added))
    settings = [name for name in ("requestSettings", "livenessProbe", "readinessProbe") if blue.get(name)]
    assume("read-3", len(settings) == 3 and bool(blue.get("scaleSettings")), settings)
    endpoint = azure.ask("GET", azure.endpoint_id).json()
    own = set(endpoint["properties"]["properties"]) - {"team"}
    assume("read-5", "AzureAsyncOperationUri" in own, sorted(own))
    computed = {"azureml.onlineendpointid", "createdAt", "createdBy", "lastModifiedAt"}
    assume("read-6", computed <= own, sorted(own))
    assume("read-7", bool(endpoint.get("kind")), endpoint.get("kind"))
    workspace = azure.ask("GET", azure.workspace_id).json()
    spelt = workspace["location"]
    assume("read-11", spelt.replace(" ", "").lower() == azure.location, f"location spelt {spelt!r}")
    registry = workspace["properties"].get("containerRegistry")
    assume("read-8", bool(registry), registry)
    assume("read-9", bool(endpoint.get("systemData")), endpoint.get("systemData"))


def look_at_statuses(azure: Azure, assume: Assume) -> None:
    """Write things as they are, and see how Azure answers."""
    workspace = azure.ask("GET", azure.workspace_id).json()
    body = {
        key: workspace[key]
        for key in ("location", "identity", "sku", "tags", "properties")
        if key in workspace
    }
    body["identity"] = {"type": workspace["identity"]["type"]}
    written = azure.write("PUT", azure.workspace_id, body)
    assume("life-13", written.status in (200, 202), f"PUT of the workspace: {written.status}")
    patched = azure.write("PATCH", azure.endpoint_id, {"tags": {"looked": "at"}})
    told = sorted(name for name in patched.headers if name in ("location", "retry-after"))
    assume("life-14", patched.status == 202 and "location" in told, f"{patched.status}, {told}")
    assume("life-15", "retry-after" in told, told)
    sizes = azure.ask(
        "GET", f"/subscriptions/{azure.subscription}{PROVIDER}/locations/{azure.location}/vmSizes"
    )
    known = {one["name"].lower() for one in sizes.json().get("value", [])}
    assume("life-17", "standard_ds2_v2" in known, f"{len(known)} sizes")


def look_at_fixed_members(azure: Azure, assume: Assume) -> None:
    """Try to change what an endpoint was made with."""
    identity = refused(azure, azure.endpoint_id, lambda body: body.update(identity={"type": "None"}))
    assume("life-10", identity.status >= 400, f"another identity: {told(identity)}")
    altered = refused(
        azure, azure.endpoint_id, lambda body: body["properties"]["properties"].update(team="other")
    )
    assume("life-11", altered.status >= 400, f"an altered property: {told(altered)}")
    described = refused(azure, azure.endpoint_id, lambda body: body["properties"].update(description="other"))
    assume("life-12", described.status >= 400, f"another description: {told(described)}")


def look_at_bodies(azure: Azure, assume: Assume) -> None:
    """Send what no published type takes."""
    unknown = refused(azure, azure.endpoint_id, lambda body: body["properties"].update(colour="blue"))
    assume("body-1", unknown.status == 400, f"an unknown member: {told(unknown)}")
    typed = refused(azure, azure.endpoint_id, lambda body: body["properties"].update(traffic="all"))
    assume("body-3", typed.status == 400, f"a text for a map: {told(typed)}")
    outside = refused(azure, azure.endpoint_id, lambda body: body["properties"].update(authMode="Password"))
    assume("body-5", outside.status == 400, f"a value outside an enumeration: {told(outside)}")
    missing = refused(azure, azure.endpoint_id, lambda body: body["properties"].pop("authMode"))
    assume("body-9", missing.status == 400, f"a missing member: {told(missing)}")


def refused(azure: Azure, resource: str, change: Callable[[dict[str, Any]], object]) -> Response:
    """What a PUT of a resource answers, as it was read but for a change."""
    body = azure.ask("GET", resource).json()
    change(body)
    return azure.write("PUT", resource, body)


def told(answered: Response) -> str:
    """The status, and Azure's own words."""
    error = answered.json().get("error") or {}
    return f"{answered.status} {error.get('code', '')}: {error.get('message', '')}"


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
