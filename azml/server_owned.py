"""What Azure adds to endpoints and deployments, and the tag that has a failed one written again.

Sources of the names: docs/azure-truth.md, read-1, read-2, read-5 and read-6.
"""

from collections.abc import Collection, Mapping
from typing import TypeVar

VARIABLES = frozenset({"AML_APP_ROOT", "AZUREML_ENTRY_SCRIPT", "AZUREML_MODEL_DIR"})
"""Environment variables that Azure adds to a deployment."""
OPERATION = "AzureAsyncOperationUri"
PROPERTIES = frozenset({OPERATION, "azureml.onlineendpointid", "createdAt", "createdBy", "lastModifiedAt"})
"""Keys Azure adds to the property map of an endpoint or deployment (`properties.properties` in ARM)."""
RETRY_TAG = "azml-retry"
"""The tag with the failed operation that the stack has retried."""

_LOWERED = frozenset(name.lower() for name in PROPERTIES)

Value = TypeVar("Value")


def is_azures(name: str) -> bool:
    """Whether a key of an endpoint's property map is Azure's: in PROPERTIES, or beginning `azureml.`."""
    return name.lower() in _LOWERED or name.lower().startswith("azureml.")


def users_own(
    live: Mapping[str, Value], names: Collection[str], filed: Collection[str] = ()
) -> dict[str, Value]:
    """The entries of `live` that Azure did not add: not in `names`, or in the user's file (`filed`)."""
    return {name: value for name, value in live.items() if name not in names or name in filed}


def ignored_properties(given: Mapping[str, str]) -> list[str]:
    """The paths to ignore in the property map of an endpoint or deployment, given those in its file.

    Azure keeps properties of its own there and changes some with every write, including writes of the shares.
    Without properties in the file, all of them are Azure's and are ignored. Otherwise only Azure's known
    names are ignored, so that a key added to the file is still written: "Properties can be added, but not
    removed or altered" (REST reference of online endpoints).
    """
    if not given:
        return ["properties.properties"]
    return [f'properties.properties["{name}"]' for name in sorted(PROPERTIES)]
