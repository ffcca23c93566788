"""vCPUs that a subscription may use in a region for Azure Machine Learning, as Azure lists them.

The forms are those of Microsoft's published examples of the operations `Usages_List` and
`VirtualMachineSizes_List`, API 2024-10-01: a size names its family `standardDSv2Family`, and the row of that
family is called "Standard DSv2 Family Cluster Dedicated vCPUs".
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True)
class Limit:
    """vCPUs that are used and that may be used, of one family of sizes; `family` is empty for all of them."""

    name: str
    family: str
    used: int
    limit: int


def region_place(subscription: str, location: str) -> str:
    """The path below which a region's lists are: `vmSizes` and `usages`."""
    region = location.replace(" ", "").lower()
    return f"/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/locations/{region}"


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
