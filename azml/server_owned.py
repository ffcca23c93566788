"""What Azure adds to endpoints and deployments by itself, and the tag by which a failed one is written again.

Sources of the names: docs/azure-truth.md, read-1, read-2, read-5 and read-6.
"""

from collections.abc import Collection, Mapping
from typing import TypeVar

VARIABLES = frozenset({"AML_APP_ROOT", "AZUREML_ENTRY_SCRIPT", "AZUREML_MODEL_DIR"})
"""Environment variables of a deployment."""
OPERATION = "AzureAsyncOperationUri"
PROPERTIES = frozenset({OPERATION, "azureml.onlineendpointid", "createdAt", "createdBy", "lastModifiedAt"})
"""Keys in the own map of properties of an endpoint or a deployment: `properties.properties` to ARM."""
RETRY_TAG = "azml-retry"
"""The tag that names the failed operation which the stack has tried again."""

_LOWERED = frozenset(name.lower() for name in PROPERTIES)

Value = TypeVar("Value")


def is_azures(name: str) -> bool:
    """Whether a key of an endpoint's own properties is Azure's: one of PROPERTIES, or called `azureml.`."""
    return name.lower() in _LOWERED or name.lower().startswith("azureml.")


def users_own(
    live: Mapping[str, Value], names: Collection[str], filed: Collection[str] = ()
) -> dict[str, Value]:
    """The entries of `live` that Azure did not add: with another name, or one that the user's file has."""
    return {name: value for name, value in live.items() if name not in names or name in filed}


def ignored_properties(given: Mapping[str, str]) -> list[str]:
    """The paths to ignore below an endpoint's or a deployment's own properties, of which the file gives some.

    Azure keeps notes of its own among them and changes some with every write, a write of the shares too.
    Without properties in the file all are Azure's. With some, the known names of Azure's are left out, so
    that a key that is added to the file is still written: "Properties can be added, but not removed or
    altered" (REST reference of online endpoints).
    """
    if not given:
        return ["properties.properties"]
    return [f'properties.properties["{name}"]' for name in sorted(PROPERTIES)]
