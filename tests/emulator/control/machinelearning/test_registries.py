"""Registries: versions that never change, files of their own, and deployments that use them."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from azml.emulator.base.identity import SUBSCRIPTION, issue_token
from azml.emulator.control.storage.roles import REGISTRY_READERS
from tests.fixtures.control_plane import (
    ENDPOINT,
    GROUP,
    VAULT,
    WORKSPACE,
    build_assets,
    build_workspace,
    deployment_body,
    endpoint_body,
    grant,
)
from tests.fixtures.in_process import InProcessAzure
from tests.fixtures.registry import REGISTRY, build_registry, register_model, registry_body, upload_to

MODEL = f"{REGISTRY}/models/m/versions/1"
MODEL_ID = "azureml://registries/shared/models/m/versions/1"
ENVIRONMENT_ID = "azureml://registries/shared/environments/e/versions/1"
BLUE = f"{ENDPOINT}/deployments/blue"
WITH_IDENTITY = {**endpoint_body(), "identity": {"type": "SystemAssigned"}}
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


def test_a_registry_has_a_group_of_its_own_and_a_name_that_is_unique(inside: InProcessAzure) -> None:
    inside.arm("PUT", GROUP, {"location": "westeurope"})
    build_registry(inside, "westeurope", "northeurope")
    shown = inside.arm("GET", REGISTRY).body["properties"]
    details = shown["regionDetails"][0]["storageAccountDetails"][0]["systemCreatedStorageAccount"]
    group = shown["managedResourceGroup"]["resourceId"]
    assert details["armResourceId"]["resourceId"].startswith(f"{group}/")
    assert inside.arm("GET", details["armResourceId"]["resourceId"]).status == 200
    again = {"location": "westeurope", "properties": {"regionDetails": shown["regionDetails"]}}
    inside.done(inside.arm("PUT", REGISTRY, again))
    assert inside.arm("GET", REGISTRY).body["properties"] == shown

    other = f"{GROUP}2/providers/Microsoft.MachineLearningServices/registries/SHARED"
    inside.arm("PUT", f"{GROUP}2", {"location": "westeurope"})
    taken = inside.arm("PUT", other, registry_body())
    assert (taken.status, taken.code) == (409, "Conflict")
    for name, body in (("s", registry_body()), ("elsewhere", {**registry_body(), "location": "eastus"})):
        refused = inside.arm("PUT", REGISTRY.replace("/shared", f"/{name}"), body)
        assert (refused.status, refused.code) == (400, "ValidationError")

    inside.done(inside.arm("DELETE", REGISTRY))
    assert inside.arm("GET", group).status == 404


def test_a_version_never_changes_and_a_deleted_one_never_returns(inside: InProcessAzure) -> None:
    inside.arm("PUT", GROUP, {"location": "westeurope"})
    build_registry(inside)
    place = register_model(inside, "1", b"weights")
    shown = inside.arm("GET", MODEL).body["properties"]
    uploaded = place["blobReferenceForConsumption"]["blobUri"]
    assert not shown["modelUri"].startswith(uploaded), "the files are not where they were uploaded"
    assert upload_to(inside, place, "model/weights.bin", b"others") == 201, "the signature is still valid"
    assert _files(inside, shown["modelUri"]) == {"model/weights.bin": b"weights"}

    assert inside.arm("POST", f"{MODEL}/startPendingUpload", {}).status == 409
    more = {key: shown[key] for key in ("modelUri", "modelType")} | {"description": "more"}
    inside.done(inside.arm("PUT", MODEL, {"properties": more}))
    changed = inside.arm("PUT", MODEL, {"properties": {**more, "modelUri": f"{uploaded}/model"}})
    assert (changed.status, changed.code) == (409, "Conflict")
    elsewhere = inside.arm(
        "PUT", f"{REGISTRY}/models/m/versions/2", {"properties": {"modelUri": "https://x/y"}}
    )
    assert elsewhere.status == 400

    inside.done(inside.arm("DELETE", MODEL))
    refused = inside.arm("PUT", MODEL, {"properties": {"modelUri": f"{uploaded}/model"}})
    assert (refused.status, refused.code) == (400, "UserError")
    assert f"Asset {MODEL_ID} was deleted at" in refused.body["error"]["message"]


def test_a_deployment_uses_a_registry_that_its_identity_may_read(inside: InProcessAzure) -> None:
    _built(inside)
    inside.done(inside.arm("PUT", ENDPOINT, WITH_IDENTITY))
    body = deployment_body(model=MODEL_ID, environmentId=ENVIRONMENT_ID)
    failed = inside.finished(inside.arm("PUT", BLUE, body))
    assert failed["error"]["code"] == "ResourceNotReady"
    assert "on 'shared' (Microsoft.MachineLearningServices/registries)" in failed["error"]["message"]
    principal = inside.arm("GET", ENDPOINT).body["identity"]["principalId"]
    assert READER in REGISTRY_READERS
    grant(inside, READER, principal, REGISTRY)
    inside.done(inside.arm("PUT", BLUE, body))
    folder = Path(inside.dataplane.named("blue")["model_folder"])
    assert (folder / "model" / "weights.bin").read_bytes() == b"weights"
    variables = inside.arm("GET", BLUE).body["properties"]["environmentVariables"]
    assert variables["AZUREML_MODEL_DIR"] == "/var/azureml-app/azureml-models/m/1"

    code = {"codeId": "azureml://registries/shared/codes/c/versions/1", "scoringScript": "score.py"}
    for wrong in (
        {"codeConfiguration": code},
        {"model": MODEL_ID.replace("/1", "/9")},
        {"model": ENVIRONMENT_ID},
    ):
        assert inside.arm("PUT", BLUE, deployment_body(**wrong)).status == 400


def test_no_deployment_on_kubernetes_or_in_another_region_uses_it(inside: InProcessAzure) -> None:
    _built(inside, "eastus")
    inside.done(inside.arm("PUT", ENDPOINT, endpoint_body()))
    refused = inside.arm("PUT", BLUE, deployment_body(model=MODEL_ID))
    assert "is not in westeurope" in refused.body["error"]["message"]
    cluster = f"{WORKSPACE}/computes/cluster"
    compute = {"computeType": "Kubernetes", "properties": {"namespace": "default"}}
    inside.done(inside.arm("PUT", cluster, {"location": "westeurope", "properties": compute}))
    endpoint = ENDPOINT.replace("diabetes", "clustered")
    inside.done(inside.arm("PUT", endpoint, endpoint_body(compute=cluster)))
    body = deployment_body(model=MODEL_ID, endpointComputeType="Kubernetes")
    refused = inside.arm("PUT", f"{endpoint}/deployments/blue", body)
    assert "Kubernetes deployments do not support" in refused.body["error"]["message"]


def test_a_network_that_approves_every_advice_approves_one_to_the_registry(inside: InProcessAzure) -> None:
    _built(inside)
    account = inside.arm("GET", WORKSPACE).body["properties"]["storageAccount"]

    def isolate(**rules: Any) -> None:
        network = {"isolationMode": "AllowOnlyApprovedOutbound", "outboundRules": rules}
        properties = {"storageAccount": account, "keyVault": VAULT, "managedNetwork": network}
        whole = {"location": "westeurope", "properties": {**properties, "provisionNetworkNow": True}}
        inside.done(inside.arm("PUT", WORKSPACE, whole))

    isolate()
    inside.done(inside.arm("PUT", ENDPOINT, WITH_IDENTITY))
    grant(inside, READER, inside.arm("GET", ENDPOINT).body["identity"]["principalId"], REGISTRY)
    body = deployment_body(model=MODEL_ID)
    failed = inside.finished(inside.arm("PUT", BLUE, body))
    assert "no outbound rule with a private endpoint to 'shared'" in failed["error"]["message"]
    destination = {"serviceResourceId": REGISTRY, "subresourceTarget": "amlregistry"}
    isolate(registry={"type": "PrivateEndpoint", "destination": destination})
    inside.done(inside.arm("PUT", BLUE, body))


def test_a_registry_is_found_by_its_name_with_a_token(inside: InProcessAzure) -> None:
    inside.arm("PUT", GROUP, {"location": "westeurope"})
    build_registry(inside)
    path = "/registrymanagement/v1.0/registries/{}/discovery"
    token, _ = issue_token(inside.identity, "https://ml.azure.com")
    headers = {"Authorization": f"Bearer {token}"}
    found = inside.send("GET", path.format("shared"), headers=headers).body
    assert (found["subscriptionId"], found["resourceGroup"]) == (SUBSCRIPTION, "rg")
    assert inside.send("GET", path.format("others"), headers=headers).code == "RegistryNotFound"
    storage, _ = issue_token(inside.identity, "https://storage.azure.com")
    for wrong in ({}, {"Authorization": f"Bearer {storage}"}):
        assert inside.send("GET", path.format("shared"), headers=wrong).status == 401


@pytest.mark.parametrize("kind", ["datareferences", "datarefs"])
def test_files_are_read_only_where_they_are_the_registrys(inside: InProcessAzure, kind: str) -> None:
    build_workspace(inside)
    build_registry(inside)
    register_model(inside, "1", b"weights")
    own = inside.arm("GET", WORKSPACE).body["properties"]["workspaceId"]
    container = f"azureml-blobstore-{own}"
    for asset, uri, status in (
        (MODEL_ID, inside.arm("GET", MODEL).body["properties"]["modelUri"], 200),
        (MODEL_ID, f"{inside.url}/account1.blob.emulator/{container}/x", 400),
        (MODEL_ID.replace("/1", "/2"), "x", 400),
        (ENVIRONMENT_ID, "x", 400),
    ):
        asked = {"assetId": asset, "blobUri": uri}
        assert inside.arm("POST", f"{REGISTRY}/{kind}/m/versions/1", asked).status == status
    assert inside.arm("POST", f"{WORKSPACE}/{kind}/m/versions/1", asked).status in (400, 404)


def _built(azure: InProcessAzure, *regions: str) -> None:
    """A workspace with assets, and the registry with a model and an environment."""
    build_workspace(azure)
    build_assets(azure)
    build_registry(azure, *regions)
    register_model(azure, "1", b"weights")
    environment = {"image": "img", "condaFile": "dependencies: [python=3.11]"}
    azure.done(azure.arm("PUT", f"{REGISTRY}/environments/e/versions/1", {"properties": environment}))


def _files(azure: InProcessAzure, uri: str) -> dict[str, bytes]:
    """The blobs of the container that a URI of the registry's model is in."""
    asked = {"assetId": MODEL_ID, "blobUri": uri}
    answer = azure.arm("POST", f"{REGISTRY}/datareferences/m/versions/1", asked).body
    signed = urlsplit(answer["blobReferenceForConsumption"]["credential"]["sasUri"])
    name = "model/weights.bin"
    return {name: azure.send("GET", f"{signed.path}/{name}?{signed.query}").raw}
