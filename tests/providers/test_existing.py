"""Which asset versions a workspace holds, asked of a small Azure."""

from typing import Any

import pytest

from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION
from azml.azure.errors import AzureError
from azml.providers.azml.package import Azml
from azml.providers.azml.versions import registered_versions
from azml.providers.calls import ProviderError
from tests.providers import arm_server

_WORKSPACE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/w"


def test_those_that_exist_are_told(arm: Arm) -> None:
    there = [f"{_WORKSPACE}/models/m/versions/{number}" for number in range(20)]
    arm.put(_WORKSPACE, API_VERSION, {"location": "westeurope"})
    for version in there:
        arm.put(version, API_VERSION, {"properties": {}})
    missing = [f"{_WORKSPACE}/codes/c/versions/1", f"{_WORKSPACE}0/models/m/versions/1"]
    assert registered_versions(arm, {"ids": [*there, *missing]}) == {"registered": there}


def test_a_refusal_is_not_taken_for_a_version_that_is_missing(arm: Arm, azure: arm_server.Arm) -> None:
    azure.world.faults.append(arm_server.Fault("GET", "/versions/1", 403, "AuthorizationFailed"))
    with pytest.raises(AzureError, match="AuthorizationFailed"):
        registered_versions(arm, {"ids": [f"{_WORKSPACE}/models/m/versions/1"]})


@pytest.mark.parametrize("arguments", [{}, {"ids": "/one"}, {"ids": [1]}, {"ids": ["no-id"]}])
def test_arguments_that_are_no_ids_are_refused(arm: Arm, arguments: dict[str, Any]) -> None:
    with pytest.raises(ProviderError, match="a list of ARM ids"):
        registered_versions(arm, arguments)


def test_another_function_is_refused_with_the_likely_one() -> None:
    with pytest.raises(ProviderError, match="registeredVersions"):
        Azml().invoke("azml:index:registeredVersion", {}, preview=True)
