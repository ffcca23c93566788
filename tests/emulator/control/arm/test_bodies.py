"""Bodies against the table of Azure's published types, and the table against the packages it is made from."""

from pathlib import Path

import pytest

from azml.emulator.control.arm.bodies import checked
from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.published import published
from azml.emulator.control.arm.simple_types import ML
from scripts.published.__main__ import FILES
from tests.fixtures.control_plane import ENDPOINT, build_workspace, deployment_body, endpoint_body
from tests.fixtures.in_process import InProcessAzure

ENDPOINTS, DEPLOYMENTS = f"{ML}/workspaces/onlineEndpoints", f"{ML}/workspaces/onlineEndpoints/deployments"
COMPONENTS, ENVIRONMENTS = "Microsoft.Insights/components", f"{ML}/workspaces/environments/versions"
DATASTORES = f"{ML}/workspaces/datastores"


@pytest.mark.thorough
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_was_generated_is_up_to_date(file: Path) -> None:
    """Else: python -m scripts.published."""
    assert file.read_text() == FILES[file]()


def test_every_type_of_the_local_azure_is_published(in_process: InProcessAzure) -> None:
    kinds = [kind.name for kind in in_process.control.parts.service.types]
    assert [kind for kind in kinds if published().body(kind, "PUT") is None] == []


def targets(kind: str, word: str, body: Json) -> list[str]:
    """The members that a refusal names."""
    with pytest.raises(ArmError) as refused:
        checked(kind, word, body)
    error = refused.value.error()
    assert (refused.value.status, error["code"]) == (400, "InvalidRequestContent")
    assert error["target"] == error["details"][0]["target"]
    return [detail["target"] for detail in error["details"]]


@pytest.mark.parametrize(
    ("kind", "word", "body", "wrong"),
    [
        (ENDPOINTS, "PUT", endpoint_body(trafic={"blue": 100}), ["properties.trafic"]),
        (ENDPOINTS, "PUT", endpoint_body({"blue": "100"}), ["properties.traffic.blue"]),
        (ENDPOINTS, "PUT", endpoint_body({"blue": 1.0}), ["properties.traffic.blue"]),
        (ENDPOINTS, "PUT", {**endpoint_body(), "Sku": {}}, ["Sku"]),
        (ENDPOINTS, "PUT", {**endpoint_body(), "name": []}, ["name"]),
        (ENDPOINTS, "PUT", {"properties": {"authMode": "Password"}}, ["properties.authMode"]),
        (ENDPOINTS, "PUT", {"properties": {}}, ["properties.authMode"]),
        (ENDPOINTS, "PATCH", {"properties": {}}, ["properties"]),
        (ENDPOINTS, "regenerateKeys", {"keyType": "Third"}, ["keyType"]),
        (
            DEPLOYMENTS,
            "PUT",
            deployment_body(endpointComputeType="Fargate"),
            ["properties.endpointComputeType"],
        ),
        (
            DEPLOYMENTS,
            "PUT",
            deployment_body(scaleSettings={"scaleType": "Default", "minInstances": 1}),
            ["properties.scaleSettings.minInstances"],
        ),
        (DEPLOYMENTS, "PUT", deployment_body(containerResources={}), ["properties.containerResources"]),
        (DEPLOYMENTS, "getLogs", {"tail": "all"}, ["tail"]),
        (DATASTORES, "PUT", {"properties": {"datastoreType": "AzureBlob"}}, ["properties.credentials"]),
        (COMPONENTS, "PUT", {"kind": "web"}, ["properties"]),
        (COMPONENTS, "PUT", {"kind": "web", "properties": {}}, ["properties.Application_Type"]),
        (
            ENVIRONMENTS,
            "PUT",
            {"properties": {"condaFile": {}, "osTyp": 1}},
            ["properties.osTyp", "properties.condaFile"],
        ),
    ],
)
def test_a_body_azure_cannot_read_is_refused_with_every_member(
    kind: str, word: str, body: Json, wrong: list[str]
) -> None:
    assert targets(kind, word, body) == wrong


def test_a_member_in_the_wrong_case_is_named_as_it_is_spelt() -> None:
    with pytest.raises(ArmError, match=r"Path 'properties.AuthMode' \(it is spelt 'authMode'\)"):
        checked(ENDPOINTS, "PUT", endpoint_body(AuthMode="Key"))


def test_what_was_read_can_be_put_back_without_what_is_azures() -> None:
    read = {**endpoint_body(scoringUri="https://x", provisioningState="Succeeded"), "id": "/x", "name": "x"}
    assert checked(ENDPOINTS, "PUT", read) == endpoint_body()


def test_enumerations_compare_without_regard_to_case_and_spaces() -> None:
    identity = {"type": "systemassigned, UserAssigned"}
    body = {**endpoint_body(authMode="aadtoken"), "identity": identity}
    assert checked(ENDPOINTS, "PUT", body) == body


def test_members_of_other_versions_are_taken() -> None:
    body = {"properties": {"image": "i", "intellectualProperty": {}, "stage": "Production"}}
    assert checked(ENVIRONMENTS, "PUT", body) == body


def test_a_number_in_a_map_of_text_becomes_text() -> None:
    """azure-ai-ml sends `hash_version: 202208`, and Azure takes it."""
    body = {"properties": {"image": "i", "properties": {"hash_version": 202208, "on": True}}}
    given = checked(ENVIRONMENTS, "PUT", body)["properties"]["properties"]
    assert given == {"hash_version": "202208", "on": "true"}


def test_a_patch_needs_nothing() -> None:
    assert checked(DEPLOYMENTS, "PATCH", {"sku": {"capacity": 3}}) == {"sku": {"capacity": 3}}


def test_an_environment_cannot_be_two_things_at_once(inside: InProcessAzure) -> None:
    build_workspace(inside)
    place = f"{ENDPOINT.rpartition('/onlineEndpoints')[0]}/environments/e/versions/1"
    routes = {f"{name}Route": {"port": 80, "path": "/"} for name in ("liveness", "readiness", "scoring")}
    for more in (
        {"image": "i", "build": {"contextUri": "https://x/"}},
        {"condaFile": "dependencies: []", "build": {"contextUri": "https://x/"}},
        {"image": "i", "condaFile": "dependencies: []", "inferenceConfig": routes},
    ):
        answer = inside.arm("PUT", place, {"properties": more})
        assert (answer.status, answer.code) == (400, "ValidationError"), more
