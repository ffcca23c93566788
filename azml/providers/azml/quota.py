"""`azml:index:quota`, what a program asks before it makes deployments or gives them more instances."""

from dataclasses import asdict

from azml.azure import quotas
from azml.azure.arm import Arm
from azml.azure.errors import AzureError
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
        found, limits = quotas.read(arm, quotas.region_place(subscription, location))
    except AzureError as error:
        return {"sizes": {}, "limits": [], "unread": str(error)}
    wanted = {str(size).lower() for size in asked}
    return {
        "sizes": {name: asdict(size) for name, size in found.items() if name in wanted},
        "limits": [asdict(limit) for limit in limits],
    }
