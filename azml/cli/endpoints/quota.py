"""The vCPUs that an endpoint's deployments take, against the subscription's quota of them.

Rule: learn.microsoft.com, "Manage and increase quotas", online endpoints: a deployment takes the vCPUs of
20 % more instances than it runs, for upgrades; all deployments of a family of sizes share one quota.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from azml.azure.endpoints import API_VERSION
from azml.azure.errors import AzureError
from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.cli.stacks.stacks import Connection

Machines = tuple[str, int]
"""A size of machines, as Standard_DS3_v2, and how many of them."""


@dataclass(frozen=True)
class Need:
    """What an endpoint needs of a family of sizes, in vCPUs; `free` is what others leave of `limit`.

    Both are None where Azure names no quota of that family.
    """

    family: str
    vcpus: int
    limit: int | None = None
    free: int | None = None


def needs(connection: Connection, found: OnlineEndpoint, wanted: Iterable[Machines]) -> list[Need]:
    """What these machines of an endpoint need. Those that it has now are not counted against it.

    A size that Azure does not name is left out. Raises AzureError where Azure does not tell.
    """
    region = str(found.body.get("location", "")).lower().replace(" ", "")
    base = (
        f"/subscriptions/{connection.workspace.subscription_id}"
        f"/providers/Microsoft.MachineLearningServices/locations/{region}"
    )
    with ThreadPoolExecutor(2) as pool:
        sizes, usages = pool.map(lambda page: _values(connection, f"{base}/{page}"), ("vmSizes", "usages"))
    known = {str(one["name"]).lower(): one for one in sizes}
    now = _by_family(known, ((one.instance_type, one.instance_count) for one in found.deployments))
    used = {name: one for one in usages if not _of_a_workspace(one) for name in names(one)}
    return list(_needs(_by_family(known, wanted), now, used))


def _needs(wanted: Counter[str], now: Counter[str], used: dict[str, Any]) -> Iterator[Need]:
    for family, vcpus in sorted(wanted.items()):
        usage = used.get(plain(family))
        if usage is None:
            yield Need(family, vcpus)
        else:
            limit = int(usage["limit"])
            yield Need(family, vcpus, limit, limit - int(usage["currentValue"]) + now[family])


def _of_a_workspace(usage: dict[str, Any]) -> bool:
    """Whether it is a part of the quota that was set aside for one workspace."""
    return "/workspaces/" in str(usage.get("id", "")).lower()


def names(usage: dict[str, Any]) -> Iterator[str]:
    """The names of the family that an entry of `usages` is of, as `plain` writes them."""
    return map(plain, map(str, usage["name"].values()))


def plain(family: str) -> str:
    """Sizes call a family standardDSv2Family; quotas also "Standard DSv2 Family Cluster Dedicated vCPUs"."""
    return re.sub(r"[^a-z0-9]", "", family.lower()).removesuffix("clusterdedicatedvcpus")


def _by_family(known: dict[str, Any], machines: Iterable[Machines]) -> Counter[str]:
    found: Counter[str] = Counter()
    for size, count in machines:
        if one := known.get(size.lower()):
            found[str(one["family"])] += int(one["vCPUs"]) * math.ceil(count * 12 / 10)
    return found


def _values(connection: Connection, path: str) -> list[dict[str, Any]]:
    answer = connection.arm.get(path, API_VERSION)
    if answer is None:
        raise AzureError(f"Azure has no {path}")
    return list(answer.get("value") or ())
