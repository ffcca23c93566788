"""What stands where a stack is going to be, and which names deleted resources hold: `azml:index:standing`."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION
from azml.azure.errors import AzureError
from azml.providers.azml.lookup import existing_bodies
from azml.providers.calls import ProviderError
from azml.providers.codec import Properties

API_VERSIONS = {
    "microsoft.resources/resourcegroups": "2024-03-01",
    "microsoft.machinelearningservices/workspaces": API_VERSION,
    "microsoft.machinelearningservices/workspaces/onlineendpoints": API_VERSION,
    "microsoft.storage/storageaccounts": "2024-01-01",
    "microsoft.keyvault/vaults": "2024-11-01",
    "microsoft.operationalinsights/workspaces": "2023-09-01",
    "microsoft.insights/components": "2020-02-02",
}
"""The versions azure-native 3.29 speaks, by type in lower case."""
KEPT_DAYS = 14  # a deleted workspace of Azure Machine Learning
_ACTIVITY_VERSION = "2015-04-01"
# No more than this leaves the plugin: a body may hold what lets anybody write telemetry.
_PROPERTIES = (
    "workspaceId",
    "storageAccount",
    "primaryEndpoints",
    "authMode",
    "compute",
    "description",
    "properties",
)


def standing(arm: Arm, arguments: Properties) -> Properties:
    """What is known of the resources under `ids`, and what holds the names of `workspace` and `vault`.

    `found` has an entry for each id that exists: location, state, identity and some properties; so has the
    storage account of a workspace under `ids`. `workspace` and `vault` are ids of what the stack is to make,
    or absent; `held` says which of them Azure would refuse.
    Raises ProviderError for arguments that are no ids, AzureError when Azure refuses to tell.
    """
    asked = arguments.get("ids")
    workspace, vault = arguments.get("workspace"), arguments.get("vault")
    ids = [*(asked if isinstance(asked, list) else [None]), *(one for one in (workspace, vault) if one)]
    for one in ids:
        if not isinstance(one, str) or _type(one) not in API_VERSIONS:
            raise ProviderError(f"standing takes ARM ids of the types it knows, not {one!r}")
    unique = list(dict.fromkeys(str(one) for one in ids))
    found = _found(arm, unique)
    accounts = {
        str(fact["properties"].get("storageAccount") or "") for one, fact in found.items() if one != workspace
    }
    found |= _found(arm, [one for one in accounts - {*found} if _type(one) in API_VERSIONS])
    held = [
        *(_held_workspace(arm, workspace) if isinstance(workspace, str) and workspace not in found else ()),
        *(_held_vault(arm, vault) if isinstance(vault, str) and vault not in found else ()),
    ]
    return {"found": found, "held": held}


def _found(arm: Arm, ids: Sequence[str]) -> dict[str, Any]:
    versions = {one: API_VERSIONS[_type(one)] for one in ids}
    return {one: _facts(body) for one, body in existing_bodies(arm, versions).items()}


def deleted_vaults(arm: Arm, subscription: str) -> Iterator[Mapping[str, Any]]:
    """The vaults of a subscription (its path) that were deleted and not purged."""
    place = f"{subscription}/providers/Microsoft.KeyVault/deletedVaults"
    page = arm.get(place, API_VERSIONS["microsoft.keyvault/vaults"]) or {}
    while True:
        yield from (item for item in page.get("value", []) if isinstance(item.get("properties"), dict))
        link = page.get("nextLink")
        if not isinstance(link, str):
            return
        page = arm.accepted(arm.call("GET", link)).json()


def subscription_of(resource: str) -> str:
    """The path of the subscription that a resource's id begins with."""
    return "/".join(resource.split("/")[:3])


def _held_vault(arm: Arm, vault: str) -> Iterator[Properties]:
    name = vault.rpartition("/")[2]
    try:
        items = list(deleted_vaults(arm, subscription_of(vault)))
    except AzureError:
        return  # as with the activity log: a right on the subscription that not everybody has
    for item in items:
        if str(item.get("name")).lower() == name.lower():
            told = item["properties"]
            yield {
                "id": vault,
                "until": str(told.get("scheduledPurgeDate") or ""),
                "location": str(told.get("location") or ""),
                "protected": bool(told.get("purgeProtectionEnabled")),
            }


def _held_workspace(arm: Arm, workspace: str) -> Iterator[Properties]:
    """A workspace that was deleted once and not again holds its name.

    No published operation lists deleted workspaces, and none shows one. The activity log tells what was
    deleted; the purge of a deleted workspace is a second delete. Who may not read the log learns nothing.
    """
    now = datetime.now(UTC)
    since = (now - timedelta(days=KEPT_DAYS)).isoformat(timespec="seconds").replace("+00:00", "Z")
    query = {"$filter": f"eventTimestamp ge '{since}' and resourceUri eq '{workspace}'"}
    place = f"{subscription_of(workspace)}/providers/Microsoft.Insights/eventtypes/management/values"
    try:
        events = (arm.get(place, _ACTIVITY_VERSION, query) or {}).get("value", [])
    except AzureError:
        return
    deletes = _deletes_since_the_last_write(events)
    if len(deletes) == 1:
        until = (datetime.fromisoformat(deletes[0]) + timedelta(days=KEPT_DAYS)).isoformat(timespec="seconds")
        yield {"id": workspace, "until": until, "location": "", "protected": False}


def _deletes_since_the_last_write(events: list[Mapping[str, Any]]) -> list[str]:
    """When each of them happened. An operation has several events, of which one says that it succeeded."""
    told = [
        (str(event.get("eventTimestamp")), str((event.get("operationName") or {}).get("value")).lower())
        for event in events
        if str((event.get("status") or {}).get("value")).lower() == "succeeded"
    ]
    deletes: list[str] = []
    for when, operation in sorted(told, reverse=True):
        if operation.endswith("/workspaces/write"):
            break
        if operation.endswith("/workspaces/delete"):
            deletes.append(when)
    return deletes


def _facts(body: Mapping[str, Any]) -> Properties:
    properties = body.get("properties") or {}
    identity = body.get("identity") or {}
    return {
        "location": str(body.get("location") or ""),
        "state": str(properties.get("provisioningState") or ""),
        "identity": {
            "type": str(identity.get("type") or "None"),
            "users": sorted(identity.get("userAssignedIdentities") or {}),
        },
        "properties": {name: properties[name] for name in _PROPERTIES if properties.get(name) is not None},
    }


def _type(resource: str) -> str:
    """The type of a resource by its id, in lower case; empty for what is no id."""
    before, _, after = resource.rpartition("/providers/")
    parts = after.split("/") if before else []
    if not before and len(resource.strip("/").split("/")) == 4:
        return "microsoft.resources/resourcegroups"
    return "/".join([*parts[:1], *parts[1::2]]).lower() if len(parts) % 2 else ""
