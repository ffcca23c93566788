"""Names that deleted workspaces and key vaults still reserve."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from azml.azure.arm import Arm
from azml.azure.errors import AzureError
from azml.engine_values import Properties

VAULT_VERSION = "2024-11-01"
"""The API version of Microsoft.KeyVault that azure-native 3.29 uses."""
KEPT_DAYS = 14  # of a deleted Azure Machine Learning workspace
_ACTIVITY_VERSION = "2015-04-01"


def deleted_vaults(arm: Arm, subscription: str) -> Iterator[Mapping[str, Any]]:
    """The vaults of a subscription (its path) that were deleted and not purged."""
    place = f"{subscription}/providers/Microsoft.KeyVault/deletedVaults"
    page = arm.get(place, VAULT_VERSION) or {}
    while True:
        yield from (item for item in page.get("value", []) if isinstance(item.get("properties"), dict))
        link = page.get("nextLink")
        if not isinstance(link, str):
            return
        page = arm.accepted(arm.call("GET", link)).json()


def subscription_of(resource: str) -> str:
    """The subscription path at the start of a resource's id."""
    return "/".join(resource.split("/")[:3])


def reserved_vault(arm: Arm, vault: str) -> Iterator[Properties]:
    """Until when a deleted vault reserves the name of `vault`, an ARM id; nothing if none does."""
    name = vault.rpartition("/")[2]
    try:
        items = list(deleted_vaults(arm, subscription_of(vault)))
    except AzureError:
        return  # as with the activity log, this needs a right on the subscription that not everybody has
    for item in items:
        if str(item.get("name")).lower() == name.lower():
            properties = item["properties"]
            yield {
                "id": vault,
                "until": str(properties.get("scheduledPurgeDate") or ""),
                "location": str(properties.get("location") or ""),
                "protected": bool(properties.get("purgeProtectionEnabled")),
            }


def reserved_workspace(arm: Arm, workspace: str) -> Iterator[Properties]:
    """A workspace that was deleted once and not purged still reserves its name.

    No published operation lists or shows deleted workspaces. The activity log has the deletions; purging a
    deleted workspace is a second delete. Without the right to read the log there is no answer.
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
    """The time of each. An operation has several events, of which one says that it succeeded."""
    succeeded = [
        (str(event.get("eventTimestamp")), str((event.get("operationName") or {}).get("value")).lower())
        for event in events
        if str((event.get("status") or {}).get("value")).lower() == "succeeded"
    ]
    deletes: list[str] = []
    for when, operation in sorted(succeeded, reverse=True):
        if operation.endswith("/workspaces/write"):
            break
        if operation.endswith("/workspaces/delete"):
            deletes.append(when)
    return deletes
