"""What is there already, asked of a small Azure."""

from typing import Any

import pytest

from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION
from azml.azure.errors import AzureError
from azml.providers.azml.existing import existing, retry_of
from azml.providers.azml.package import Azml
from azml.providers.calls import ProviderError
from tests.providers import arm_server

_WORKSPACE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/w"


def test_those_that_exist_are_told(arm: Arm) -> None:
    there = [f"{_WORKSPACE}/models/m/versions/{number}" for number in range(20)]
    arm.put(_WORKSPACE, API_VERSION, {"location": "westeurope", "properties": {}})
    for version in there:
        arm.put(version, API_VERSION, {"properties": {}})
    missing = [f"{_WORKSPACE}/codes/c/versions/1", f"{_WORKSPACE}0/models/m/versions/1"]
    assert existing(arm, {"versions": [*there, *missing], "resources": []})["registered"] == there


def test_a_refusal_is_not_taken_for_a_version_that_is_missing(arm: Arm, azure: arm_server.Arm) -> None:
    azure.world.faults.append(arm_server.Fault("GET", "/versions/1", 403, "AuthorizationFailed"))
    with pytest.raises(AzureError, match="AuthorizationFailed"):
        existing(arm, {"versions": [f"{_WORKSPACE}/models/m/versions/1"], "resources": []})


@pytest.mark.parametrize(
    "arguments", [{}, {"versions": []}, {"versions": "/one"}, {"versions": [1]}, {"versions": ["no-id"]}]
)
def test_arguments_that_are_no_ids_are_refused(arm: Arm, arguments: dict[str, Any]) -> None:
    with pytest.raises(ProviderError, match="a list of ARM ids"):
        existing(arm, arguments)


def _told(state: str, tag: str | None = None, operation: str | None = None) -> dict[str, Any]:
    own = {"properties": {"AzureAsyncOperationUri": operation}} if operation else {}
    return {
        "tags": {"azml-retry": tag} if tag else {},
        "properties": {"provisioningState": state, **own},
        "systemData": {"lastModifiedAt": "2026-01-01T00:00:00Z"},
    }


@pytest.mark.parametrize(
    ("resource", "retry"),
    [
        (_told("Succeeded"), None),
        (_told("Succeeded", tag="o1"), "o1"),
        (_told("Updating", tag="o1"), "o1"),
        (_told("Failed", operation="https://azure/operations/od:1:2?api-version=3"), "od:1:2"),
        (_told("Canceled", tag="o1", operation="https://azure/operations/o2"), "o2"),
        (_told("Failed"), "2026-01-01T00:00:00Z"),
        ({"properties": {"provisioningState": "Failed"}}, "failed"),
        ({}, None),
    ],
)
def test_a_resource_that_failed_is_tried_again_once_an_operation(
    resource: dict[str, Any], retry: str | None
) -> None:
    """What the tag says changes when another operation fails, and at no other time."""
    assert retry_of(resource) == retry


def test_what_a_workspace_is_called_inside_is_told(arm: Arm) -> None:
    arm.put(_WORKSPACE, API_VERSION, {"location": "westeurope", "properties": {"workspaceId": "w-1"}})
    told = existing(arm, {"versions": [], "resources": [_WORKSPACE, f"{_WORKSPACE}/onlineEndpoints/none"]})
    assert told == {"registered": [], "retries": {}, "workspaceIds": {_WORKSPACE: "w-1"}}


def test_another_function_is_refused_with_the_likely_one() -> None:
    with pytest.raises(ProviderError, match="existing"):
        Azml().invoke("azml:index:existin", {}, preview=True)
