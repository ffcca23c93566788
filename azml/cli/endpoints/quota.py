"""The vCPUs that an endpoint's deployments take, against the subscription's quota of them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from azml.azure.quotas import Limit, Size, read, region_place
from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.cli.stacks.stacks import Connection

Machines = tuple[str, int]
"""A size of machines, as Standard_DS3_v2, and how many of them."""


@dataclass(frozen=True)
class Need:
    """What an endpoint needs of a quota, in vCPUs; `free` is what others leave of `limit`.

    Both are None where Azure names no quota of the family of sizes, which is then the name.
    """

    name: str
    vcpus: int
    limit: int | None = None
    free: int | None = None


def needs(connection: Connection, found: OnlineEndpoint, wanted: Iterable[Machines]) -> list[Need]:
    """What these machines of an endpoint need. Those that it has now are not counted against it.

    A size that Azure does not name is left out. Raises AzureError where Azure does not tell.
    """
    location = str(found.body.get("location", ""))
    place = region_place(connection.workspace.subscription_id, location)
    sizes, limits = read(connection.arm, place)
    now = _by_family(sizes, ((one.instance_type, one.instance_count) for one in found.deployments))
    return list(_needs(_by_family(sizes, wanted), now, {limit.family: limit for limit in limits}))


def _needs(wanted: Counter[str], now: Counter[str], limits: Mapping[str, Limit]) -> Iterator[Need]:
    for family, vcpus in sorted(wanted.items()):
        if limit := limits.get(family):
            yield Need(limit.name, vcpus, limit.limit, limit.limit - limit.used + now[family])
        else:
            yield Need(family, vcpus)


def _by_family(sizes: Mapping[str, Size], machines: Iterable[Machines]) -> Counter[str]:
    """The vCPUs of machines by their family, with what Azure keeps for upgrades."""
    found: Counter[str] = Counter()
    for name, count in machines:
        if size := sizes.get(name.lower()):
            found[size.family] += size.reserved(count)
    return found
