"""What Azure adds on read is shown, changes nothing of what runs, and does no harm when it is sent back."""

from pathlib import Path

import pytest

from azml.azure_native.sdk import resource_type
from azml.azure_native.types import ROWS
from azml.emulator.control.machinelearning.added_on_read import ADDED_ON_READ, WITH_SYSTEM_DATA
from tests.fixtures.control_plane import (
    ENDPOINT,
    GROUP,
    WORKSPACE,
    Answer,
    Json,
    build_assets,
    build_workspace,
    deployment_body,
    endpoint_body,
)
from tests.fixtures.in_process import InProcessAzure

BLUE = f"{ENDPOINT}/deployments/blue"
PAGE = Path(__file__).parents[4] / "docs" / "azure-truth.md"


@pytest.fixture
def azure(inside: InProcessAzure) -> InProcessAzure:
    """A workspace with assets, an endpoint, and a deployment."""
    build_workspace(inside)
    build_assets(inside)
    inside.done(inside.arm("PUT", ENDPOINT, endpoint_body(properties={"team": "a"})))
    inside.done(inside.arm("PUT", BLUE, deployment_body(environmentVariables={"LEVEL": "1"})))
    return inside


def read(azure: InProcessAzure, path: str) -> Json:
    found: Json = azure.arm("GET", path).body
    return found


def operation(answer: Answer) -> str:
    return answer.headers["azure-asyncoperation"]


def change(azure: InProcessAzure, **asked: object) -> None:
    answer = azure.own("POST", "changes", asked)
    assert answer.status == 204, answer.raw


def test_a_deployment_shows_variables_defaults_and_its_operation(azure: InProcessAzure) -> None:
    answer = azure.arm("PUT", BLUE, deployment_body(environmentVariables={"LEVEL": "1"}))
    azure.done(answer)
    properties = read(azure, BLUE)["properties"]
    assert properties["environmentVariables"] == {
        "LEVEL": "1",
        "AML_APP_ROOT": "/var/azureml-app/1",
        "AZUREML_ENTRY_SCRIPT": "score.py",
        "AZUREML_MODEL_DIR": "/var/azureml-app/azureml-models/m/1",
    }
    assert properties["properties"] == {"AzureAsyncOperationUri": operation(answer)}
    assert properties["requestSettings"]["requestTimeout"] == "PT5S"
    assert properties["livenessProbe"]["initialDelay"] == "PT10S"
    assert properties["readinessProbe"]["failureThreshold"] == 30
    assert properties["scaleSettings"] == {"scaleType": "Default"}
    assert azure.dataplane.named("blue")["environment_variables"] == {"LEVEL": "1"}


def test_what_a_client_sends_back_is_no_part_of_what_runs(azure: InProcessAzure) -> None:
    """Also with another script, when the variables it sends back have become untrue."""
    shown = read(azure, BLUE)
    shown["properties"]["codeConfiguration"]["scoringScript"] = "deep/score.py"
    azure.upload(build_assets(azure), "code/1/deep/score.py", b"def init(): ...")
    azure.done(azure.arm("PUT", BLUE, shown))
    assert azure.dataplane.named("blue")["environment_variables"] == {"LEVEL": "1"}
    variables = read(azure, BLUE)["properties"]["environmentVariables"]
    assert (variables["AML_APP_ROOT"], variables["AZUREML_ENTRY_SCRIPT"]) == (
        "/var/azureml-app/1/deep",
        "score.py",
    )


def test_a_variable_of_azures_name_with_a_value_of_the_users_own_is_the_users(azure: InProcessAzure) -> None:
    azure.done(azure.arm("PUT", BLUE, deployment_body(environmentVariables={"AZUREML_MODEL_DIR": "/mine"})))
    assert azure.dataplane.named("blue")["environment_variables"] == {"AZUREML_MODEL_DIR": "/mine"}
    assert read(azure, BLUE)["properties"]["environmentVariables"]["AZUREML_MODEL_DIR"] == "/mine"


def test_an_endpoint_shows_properties_of_azures_beside_the_users(azure: InProcessAzure) -> None:
    before = read(azure, ENDPOINT)
    own = before["properties"]["properties"]
    assert own.keys() == {
        "team",
        "AzureAsyncOperationUri",
        "azureml.onlineendpointid",
        "createdAt",
        "createdBy",
        "lastModifiedAt",
    }
    assert own["azureml.onlineendpointid"] == ENDPOINT.lower()
    assert before["kind"] == "Managed"
    before["properties"]["properties"]["lastModifiedAt"] = "never"
    answer = azure.arm("PUT", ENDPOINT, before)
    azure.done(answer)
    after = read(azure, ENDPOINT)["properties"]["properties"]
    assert after["AzureAsyncOperationUri"] == operation(answer) != own["AzureAsyncOperationUri"]
    assert (after["createdAt"], after["team"]) == (own["createdAt"], "a")
    assert after["lastModifiedAt"] > after["createdAt"]
    azure.done(azure.arm("PUT", ENDPOINT, endpoint_body(properties={"team": "a"})))
    assert read(azure, ENDPOINT)["properties"]["properties"].keys() == own.keys()


def test_a_kubernetes_deployment_shows_how_it_scales(inside: InProcessAzure) -> None:
    build_workspace(inside)
    build_assets(inside)
    cluster = f"{WORKSPACE}/computes/k8s"
    compute = {"location": "westeurope", "properties": {"computeType": "Kubernetes"}}
    inside.done(inside.arm("PUT", cluster, compute))
    inside.done(inside.arm("PUT", ENDPOINT, endpoint_body(compute=cluster)))
    inside.done(inside.arm("PUT", BLUE, deployment_body(endpointComputeType="Kubernetes")))
    assert read(inside, ENDPOINT)["kind"] == "K8S"
    scaling = read(inside, BLUE)["properties"]["scaleSettings"]
    assert (scaling["scaleType"], scaling["targetUtilizationPercentage"]) == ("TargetUtilization", 70)


def test_autoscale_changes_how_many_instances_run(azure: InProcessAzure) -> None:
    change(azure, id=BLUE, capacity=3)
    assert read(azure, BLUE)["sku"]["capacity"] == 3
    assert azure.dataplane.named("blue")["instance_count"] == 3
    refused = azure.own("POST", "changes", {"id": BLUE, "capacity": 99})
    assert (refused.status, refused.code) == (400, "InvalidInstanceCount")


def test_the_first_image_gives_the_workspace_a_registry_that_it_keeps(azure: InProcessAzure) -> None:
    workspace = read(azure, WORKSPACE)
    registry = workspace["properties"]["containerRegistry"]
    assert registry.lower().startswith(f"{GROUP.lower()}/providers/microsoft.containerregistry/registries/")
    assert read(azure, registry)["properties"]["loginServer"].endswith(".azurecr.io")
    azure.done(azure.arm("PUT", WORKSPACE, workspace))
    del workspace["properties"]["containerRegistry"]
    refused = azure.arm("PUT", WORKSPACE, workspace)
    assert (refused.status, refused.code) == (400, "ValidationError")
    assert "containerRegistry cannot be removed" in refused.raw.decode()


def test_a_workspace_without_an_image_gets_a_registry_when_asked(inside: InProcessAzure) -> None:
    build_workspace(inside)
    assert "containerRegistry" not in read(inside, WORKSPACE)["properties"]
    change(inside, id=WORKSPACE, registry=True)
    assert "containerRegistry" in read(inside, WORKSPACE)["properties"]


def test_a_policy_tags_what_is_there_and_what_is_written(azure: InProcessAzure) -> None:
    """And again at once, after a PUT without the tag."""
    azure.own("POST", "policies", {"tags": {"cost": "42"}, "path_pattern": "/diabetes$|/workspaces/"})
    assert read(azure, ENDPOINT)["tags"] == {"cost": "42"}
    assert "tags" not in read(azure, GROUP)
    azure.done(azure.arm("PUT", ENDPOINT, {**endpoint_body(properties={"team": "a"}), "tags": {"a": "b"}}))
    assert read(azure, ENDPOINT)["tags"] == {"a": "b", "cost": "42"}
    azure.own("DELETE", "policies")
    azure.done(azure.arm("PUT", ENDPOINT, {**endpoint_body(properties={"team": "a"}), "tags": {"a": "b"}}))
    assert read(azure, ENDPOINT)["tags"] == {"a": "b"}
    assert azure.own("POST", "policies", {"tags": {"cost": 42}}).status == 400


def test_a_location_may_be_spelt_otherwise(azure: InProcessAzure) -> None:
    change(azure, id=ENDPOINT, location="West Europe")
    assert read(azure, ENDPOINT)["location"] == "West Europe"
    assert azure.own("POST", "changes", {"id": ENDPOINT, "location": "northeurope"}).status == 400


@pytest.mark.parametrize(
    "asked",
    [{"id": ENDPOINT}, {"id": ENDPOINT, "capacity": 1, "registry": True}, {"id": WORKSPACE, "registry": 1}],
)
def test_a_change_that_makes_no_sense_is_refused(azure: InProcessAzure, asked: Json) -> None:
    assert azure.own("POST", "changes", asked).status == 400


def test_system_data_is_told_by_the_types_whose_description_has_it(azure: InProcessAzure) -> None:
    azure.done(azure.arm("PUT", BLUE, deployment_body()))
    given = read(azure, BLUE)["systemData"]
    assert given["createdAt"] < given["lastModifiedAt"]
    assert "systemData" not in read(azure, GROUP)
    for row in ROWS:
        below = row.path.rpartition("/providers/")[2].lower()
        kind = "/".join(piece for piece in below.split("/") if "{" not in piece)
        described = "systemData" in resource_type(row.token).outputs.properties
        assert described == (kind in WITH_SYSTEM_DATA), row.token


def test_each_row_of_the_table_is_on_the_page(azure: InProcessAzure) -> None:
    text = PAGE.read_text()
    for addition in ADDED_ON_READ:
        line = next(line for line in text.splitlines() if line.startswith(f"| {addition.id} |"))
        assert addition.member in line, addition.id
        assert addition.source in line, addition.id
        assert (addition.steered or "by itself") in line, addition.id
