"""`azml:index:quota`, what a program asks before it makes deployments or gives them more instances."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

from azml.azure import quotas
from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION
from azml.azure.errors import AzureError
from azml.azure.lookup import listed
from azml.engine_values import Properties
from azml.providers.calls import ProviderError


def quota(arm: Arm, arguments: Properties) -> Properties:
    """The sizes among `sizes` that the region has, by name in lower case, and its limits.

    Reading them needs rights on the subscription that not everybody has: a refusal is in `unread`, not
    raised. Raises ProviderError for arguments of other types.
    """
    subscription, location, asked = (arguments.get(name) for name in ("subscription", "location", "sizes"))
    if not isinstance(subscription, str) or not isinstance(location, str) or not isinstance(asked, list):
        raise ProviderError("quota takes a subscription, a location and a list of sizes")
    try:
        found, limits = _read(arm, quotas.region_place(subscription, location))
    except AzureError as error:
        return {"sizes": {}, "limits": [], "unread": str(error)}
    if not found:
        return {"sizes": {}, "limits": [], "unread": "Azure lists no sizes there"}
    wanted = {str(size).lower() for size in asked}
    return {
        "sizes": {name: asdict(size) for name, size in found.items() if name in wanted},
        "limits": [asdict(limit) for limit in limits],
    }


def _read(arm: Arm, region: str) -> tuple[dict[str, quotas.Size], Iterable[quotas.Limit]]:
    """Both lists, asked for at once."""
    with ThreadPoolExecutor(2) as threads:
        rows = threads.map(
            lambda name: list(listed(arm, f"{region}/{name}", API_VERSION)), ("vmSizes", "usages")
        )
        sizes, usages = rows
    return quotas.sizes(sizes), quotas.limits(usages)
