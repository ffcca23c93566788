"""Taking away all that a run has made: the resource group, and what soft deletion would keep of it."""

import time

from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION
from azml.azure.errors import AzureError
from azml.providers.azml.live_state import API_VERSIONS
from azml.providers.azml.reserved_names import deleted_vaults, subscription_of

GROUPS_API = API_VERSIONS["microsoft.resources/resourcegroups"]
VAULTS_API = API_VERSIONS["microsoft.keyvault/vaults"]
BUSY_SECONDS = 1_800.0
"""How long a workspace may be at work that is to be deleted."""


def remove_group(arm: Arm, group: str) -> None:
    """Remove a resource group for good. Raises AzureError when something of it stays."""
    delete_workspaces(arm, group)
    arm.delete(group, GROUPS_API)
    purge_vaults(arm, group)
    if arm.get(group, GROUPS_API) is not None:
        raise AzureError("it is there again")


def delete_workspaces(arm: Arm, group: str) -> None:
    """Delete the group's workspaces for good. One that was being made is deleted once it is."""
    place = f"{group}/providers/Microsoft.MachineLearningServices/workspaces"
    deadline = time.monotonic() + BUSY_SECONDS
    for workspace in (arm.get(place, API_VERSION) or {}).get("value", []):
        while True:
            try:
                arm.delete(str(workspace["id"]), API_VERSION, {"forceToPurge": "true"})
                break
            except AzureError as error:
                if error.status != 409 or time.monotonic() > deadline:
                    raise
            arm.pause(0.2 if arm.cloud.local else 20.0)


def purge_vaults(arm: Arm, group: str) -> None:
    """Purge the deleted vaults that were in the group, those that a journey itself has deleted too."""
    for vault in deleted_vaults(arm, subscription_of(group)):
        if str(vault["properties"].get("vaultId")).lower().startswith(f"{group}/".lower()):
            arm.post(f"{vault['id']}/purge", VAULTS_API)
