"""What Azure says of a region's sizes and vCPUs, as the program gets it."""

from collections.abc import Mapping
from typing import Any

import pytest

from azml.azure.arm import Arm
from azml.azure.errors import AzureError
from azml.azure.settings import AzureSettings
from azml.providers.azml.quota import quota
from azml.providers.calls import ProviderError

PLACE = "/subscriptions/s/providers/Microsoft.MachineLearningServices/locations/westeurope"
ASKED = {"subscription": "s", "location": "West Europe", "sizes": ["standard_DS2_v2", "standard_none"]}


def usage(name: str, used: int, limit: int, below: str = "") -> dict[str, Any]:
    place = f"/subscriptions/s{below}/usages"
    return {"id": place, "name": {"value": name}, "currentValue": used, "limit": limit, "unit": "Count"}


def size(name: str, *computes: str) -> dict[str, Any]:
    return {"name": name, "family": "standardDSv2Family", "vCPUs": 2, "supportedComputeTypes": computes}


# As in Microsoft's examples of API 2024-10-01, shortened.
DSV2 = "Standard DSv2 Family Cluster Dedicated vCPUs"
WORKSPACE = "/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/demo"
USAGES = [
    usage("Clusters", 7, 100),
    usage("Total Cluster Dedicated Regional vCPUs", 14, 24),
    usage(DSV2, 2, 24),
    usage(DSV2, 1, 5, WORKSPACE),
    usage(DSV2, 1, 5, f"{WORKSPACE}/computes/cluster"),
    usage("Standard DSv2 Family Cluster LowPriority vCPUs", 0, -1),
    usage("Standard NV Family Cluster Dedicated vCPUs", 0, -1),
]
SIZES = [size("Standard_DS1_v2", "AmlCompute"), size("Standard_DS2_v2", "AmlCompute", "MIR")]


class Region(Arm):
    """Answers GETs of the two lists from a table."""

    def __init__(self, **given: Any) -> None:
        super().__init__(AzureSettings())
        self.told = given

    def get(
        self, path: str, api_version: str, query: Mapping[str, str] | None = None
    ) -> dict[str, Any] | None:
        answer = self.told[path.removeprefix(f"{PLACE}/")]
        if isinstance(answer, Exception):
            raise answer
        return {"value": answer}


def test_the_limits_are_those_of_the_subscription_and_the_sizes_those_asked_for() -> None:
    """Workspaces and clusters have rows of the same name, which say other things."""
    given = quota(Region(vmSizes=SIZES, usages=USAGES), ASKED)
    assert given == {
        "sizes": {"standard_ds2_v2": {"family": "standarddsv2family", "vcpus": 2, "online": True}},
        "limits": [
            {"name": "Total Cluster Dedicated Regional vCPUs", "family": "", "used": 14, "limit": 24},
            {"name": DSV2, "family": "standarddsv2family", "used": 2, "limit": 24},
        ],
    }
    small = quota(Region(vmSizes=SIZES, usages=[]), {**ASKED, "sizes": ["Standard_DS1_v2"]})
    assert small["sizes"]["standard_ds1_v2"]["online"] is False


@pytest.mark.parametrize(
    ("region", "why"),
    [
        (
            Region(vmSizes=SIZES, usages=AzureError("AuthorizationFailed: no", status=403)),
            "AuthorizationFailed: no",
        ),
        (Region(vmSizes=[], usages=[]), f"Azure lists no sizes in {PLACE}"),
    ],
)
def test_who_may_not_ask_is_told_and_goes_on(region: Region, why: str) -> None:
    assert quota(region, ASKED) == {"sizes": {}, "limits": [], "unread": why}


@pytest.mark.parametrize("name", ASKED)
def test_what_cannot_be_asked_is_refused(name: str) -> None:
    with pytest.raises(ProviderError, match="quota takes"):
        quota(Region(), {**ASKED, name: 1})
