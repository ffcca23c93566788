"""What is there already: which versions a workspace holds, and which resources have to be tried again."""

from collections.abc import Mapping
from typing import Any

from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION
from azml.providers.azml import endpoints
from azml.providers.azml.lookup import existing_bodies
from azml.providers.calls import ProviderError
from azml.providers.codec import Properties
from azml.server_owned import OPERATION, RETRY_TAG

_FAILED = frozenset({"failed", "canceled"})
_LONGEST_TAG = 256  # characters (Azure Resource Manager, limits of tags)


def existing(arm: Arm, arguments: Properties) -> Properties:
    """Those ARM ids under `versions` that exist, as `registered`; and what is told of `resources`, by id.

    `workspaceIds` are the GUIDs of the workspaces among them, which azure-native makes unknown in the preview
    of any change of theirs. A retry is the value the tag RETRY_TAG is to have, for each resource that is to
    have one: the operation that failed while the resource is in state Failed, else what the tag says already.
    So an input changes when an operation has failed, and at no other time. Nothing exists in a workspace that
    is not there.

    Raises ProviderError for arguments that are no lists of ids, AzureError when Azure refuses to tell.
    """
    versions, resources = (_ids(arguments, name) for name in ("versions", "resources"))
    found = existing_bodies(arm, dict.fromkeys([*versions, *resources], API_VERSION))
    retries = {each: value for each in resources if each in found and (value := retry_of(found[each]))}
    return {
        "registered": [each for each in versions if each in found],
        "retries": retries,
        "workspaceIds": {each: told for each in resources if (told := _workspace_id(found.get(each, {})))},
    }


def _ids(arguments: Properties, name: str) -> list[str]:
    ids = arguments.get(name)
    if not isinstance(ids, list) or not all(isinstance(each, str) and each.startswith("/") for each in ids):
        raise ProviderError(f"{name} takes a list of ARM ids, not {ids!r}")
    return ids


def _workspace_id(resource: Mapping[str, Any]) -> str | None:
    return (resource.get("properties") or {}).get("workspaceId")


def retry_of(resource: Mapping[str, Any]) -> str | None:
    """The value of the tag RETRY_TAG a resource with this body is to have; None for no tag."""
    if endpoints.state(resource) not in _FAILED:
        return (resource.get("tags") or {}).get(RETRY_TAG)
    own = (resource.get("properties") or {}).get("properties") or {}
    operation = str(own.get(OPERATION) or "").partition("?")[0].rpartition("/")[2]
    # A workspace names no operation; when it was last written tells its attempts apart as well.
    written = (resource.get("systemData") or {}).get("lastModifiedAt")
    return str(operation or written or "failed")[:_LONGEST_TAG]
