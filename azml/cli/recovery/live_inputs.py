"""Compares the declared inputs of a resource with their values in Azure."""

from collections.abc import Iterator, Mapping
from typing import Any

from azml.rules import region_key

MASKED = "[secret]"
"""What a preview shows in place of a secret."""
_ANY_CASE = frozenset(
    {
        "authMode",
        "dataCollectionMode",
        "egressPublicNetworkAccess",
        "endpointComputeType",
        "publicNetworkAccess",
        "rollingRate",
        "scaleType",
    }
)
"""Choices of endpoints and deployments: clients write them in any case, as azure-ai-ml does `disabled`."""
_MARK = "__"
"""The prefix of the provider's own marks among the inputs."""


def with_live_values(
    declared: Mapping[str, Any], actual: Mapping[str, Any], unknown: frozenset[str]
) -> dict[str, Any]:
    """`declared` with Azure's values; inputs that Azure does not have are left out.

    What Azure adds itself is left out, so that an update does not remove it. Values that the program does not
    know yet (texts in `unknown`) are taken from Azure. Secrets are left out: the next update writes them.
    """
    marks = {key: value for key, value in declared.items() if key.startswith(_MARK)}
    known = [key for key in declared if key in actual and key not in marks and declared[key] != MASKED]
    return {**marks, **{key: _live_value(key, declared[key], actual[key], unknown) for key in known}}


def _live_value(key: str, declared: Any, actual: Any, unknown: frozenset[str]) -> Any:
    if isinstance(declared, Mapping) and isinstance(actual, Mapping):
        return with_live_values(declared, actual, unknown)
    return declared if same(key, declared, actual) else actual


def differing(
    declared: Mapping[str, Any], actual: Mapping[str, Any], unknown: frozenset[str], path: str = ""
) -> Iterator[str]:
    """The paths of the inputs whose values in Azure are not as the program declares them."""
    for key, value in declared.items():
        place, now = f"{path}.{key}" if path else key, actual.get(key)
        if key.startswith(_MARK) or value == MASKED or (isinstance(value, str) and value in unknown):
            continue
        if isinstance(value, Mapping) and isinstance(now, Mapping):
            yield from differing(value, now, unknown, place)
        elif not same(key, value, now):
            yield place


def same(key: str, one: Any, other: Any) -> bool:
    """Whether the two mean the same to Azure, which spells ids and locations in more than one way."""
    if not isinstance(one, str) or not isinstance(other, str):
        nothing: tuple[Any, ...] = (None, {}, [])
        return bool(one == other) or (one in nothing and other in nothing)
    if key == "location":
        return region_key(one) == region_key(other)
    if key in _ANY_CASE:
        return one.lower() == other.lower()
    return one == other or (one.startswith("/subscriptions/") and one.lower() == other.lower())
