"""vCPUs that a subscription may use in a region for Azure Machine Learning, as Azure lists them.

The forms are those of Microsoft's published examples of the operations `Usages_List` and
`VirtualMachineSizes_List`, API 2024-10-01: a size names its family `standardDSv2Family`, and the row of that
family is called "Standard DSv2 Family Cluster Dedicated vCPUs".
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION
from azml.azure.errors import AzureError
from azml.azure.lookup import listed
from azml.rules import region_key

_OF_FAMILY = re.compile(r"(.+) Cluster Dedicated vCPUs")
_OF_REGION = "Total Cluster Dedicated Regional vCPUs"
# The rows of workspaces and clusters have the same names.
_OF_SUBSCRIPTION = re.compile(
    r"/subscriptions/[^/]+(/providers/[^/]+/locations/[^/]+)?/usages(/[^/]+)?", re.IGNORECASE
)
_ONLINE = "MIR"
"""What Microsoft's examples call managed online endpoints among the computes that a size supports."""


@dataclass(frozen=True)
class Size:
    """A machine size; `online` says whether managed online endpoints can have it."""

    family: str
    vcpus: int
    online: bool

    def reserved(self, instances: int) -> int:
        """The vCPUs that Azure keeps for so many instances: those of a fifth more, for upgrades.

        Source: learn.microsoft.com, "Manage and increase quotas", online endpoints.
        """
        return math.ceil(instances * 12 / 10) * self.vcpus


@dataclass(frozen=True)
class Limit:
    """vCPUs that are used and that may be used, of one family of sizes; `family` is empty for all of them."""

    name: str
    family: str
    used: int
    limit: int


def region_place(subscription: str, location: str) -> str:
    """The path below which a region's lists are: `vmSizes` and `usages`."""
    region = region_key(location)
    return f"/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/locations/{region}"


def read(arm: Arm, region: str) -> tuple[dict[str, Size], list[Limit]]:
    """The sizes and limits of a region, by `region_place`; both lists are asked for at once.

    Raises AzureError where Azure does not tell: they need rights on the subscription.
    """
    with ThreadPoolExecutor(2) as threads:
        rows = threads.map(
            lambda name: list(listed(arm, f"{region}/{name}", API_VERSION)), ("vmSizes", "usages")
        )
        of_sizes, usages = rows
    if not of_sizes:
        raise AzureError(f"Azure lists no sizes in {region}")
    return sizes(of_sizes), list(limits(usages))


def sizes(rows: Iterable[Mapping[str, Any]]) -> dict[str, Size]:
    """The sizes in the rows of `vmSizes`, by name in lower case."""
    return {
        str(row["name"]).lower(): Size(
            family_key(str(row["family"])),
            int(row["vCPUs"]),
            _ONLINE in (row.get("supportedComputeTypes") or [_ONLINE]),
        )
        for row in rows
    }


def limits(rows: Iterable[Mapping[str, Any]]) -> Iterator[Limit]:
    """The limits of dedicated vCPUs in the rows of `usages`, without those that do not limit anything."""
    for row in rows:
        name = str((row.get("name") or {}).get("value") or "")
        family = "" if name == _OF_REGION else _family(name)
        if (
            family is not None
            and _OF_SUBSCRIPTION.fullmatch(str(row.get("id")))
            and row.get("limit", -1) >= 0
        ):
            yield Limit(name, family, int(row.get("currentValue") or 0), int(row["limit"]))


def family_key(family: str) -> str:
    """A family of sizes in a form in which the names of both lists are the same."""
    return family.replace(" ", "").lower()


def _family(name: str) -> str | None:
    matched = _OF_FAMILY.fullmatch(name)
    return family_key(matched[1]) if matched else None
