"""The digest of what a deployment serves is the same from its files and from Azure's record of it."""

from pathlib import Path
from typing import Any

import pytest

from azml.azure.endpoints import slot
from azml.bundling import HashCache, bundle
from azml.served import digest_of_body
from azml.specs import AssetReference, DeploymentSpec

WORKSPACE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws"
OURS = "100000000000000000255"
REGISTRY = "azureml://registries/azureml/models/llm/versions/3"


def body(**properties: Any) -> dict[str, Any]:
    """A deployment as Azure has it, without a tag of ours."""
    return {
        "properties": {
            "model": f"{WORKSPACE}/models/m/versions/{OURS}",
            "codeConfiguration": {"codeId": f"{WORKSPACE}/codes/c/versions/1", "scoringScript": "score.py"},
            "environmentId": f"{WORKSPACE}/environments/e/versions/1",
            "instanceType": "Standard_D2as_v4",
            "environmentVariables": {"A": "1", "AZUREML_MODEL_DIR": "/var/azureml-app"},
            "provisioningState": "Succeeded",
            **properties,
        }
    }


def spec(**changes: Any) -> DeploymentSpec:
    """The same deployment, as a file has it."""
    said: dict[str, Any] = {
        "model": AssetReference("m", OURS),
        "code": AssetReference("c", "1"),
        "environment": AssetReference("e", "1"),
        "scoring_script": "score.py",
        "instance_type": "Standard_D2as_v4",
        "environment_variables": {"A": "1"},
        **changes,
    }
    return DeploymentSpec("blue", "price", **said)


@pytest.mark.parametrize(
    ("live", "declared"),
    [
        (body(), spec()),
        (body(model=REGISTRY), spec(model=AssetReference("llm", "3", id=REGISTRY))),
        (body(modelMountPath="/m"), spec(model_mount_path="/m")),
        (
            body(codeConfiguration=None, environmentId=None),
            spec(code=None, environment=None, scoring_script=None),
        ),
    ],
)
def test_files_and_azure_come_to_one_digest(tmp_path: Path, live: Any, declared: DeploymentSpec) -> None:
    made = bundle(declared, endpoint="price", cache=HashCache(tmp_path / "hashes"))
    assert made.serves == digest_of_body(live)
    assert slot(live).serves == made.serves
    assert not slot(live).tagged


@pytest.mark.parametrize(
    "change",
    [
        {"model": f"{WORKSPACE}/models/m/versions/2"},
        {"instanceType": "Standard_D4as_v4"},
        {"environmentVariables": {"A": "2"}},
        {"codeConfiguration": {"codeId": f"{WORKSPACE}/codes/c/versions/1", "scoringScript": "other.py"}},
    ],
)
def test_what_changes_predictions_changes_the_digest(change: dict[str, Any]) -> None:
    assert digest_of_body(body(**change)) != digest_of_body(body())


def test_the_tag_comes_first_and_an_unknown_id_has_no_digest() -> None:
    assert slot({**body(), "tags": {"azml-serves": "told"}}).serves == "told"
    assert digest_of_body(body(model="https://account/a/model")) is None
    assert slot(body(model="https://account/a/model")).serves is None
