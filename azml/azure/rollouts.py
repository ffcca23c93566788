"""Where the journals of rollouts are: blobs in a container of their own in a workspace's storage account."""

from azml.azure.arm import Arm
from azml.azure.blobs import blob_endpoint
from azml.azure.endpoints import API_VERSION
from azml.azure.errors import AzureError

CONTAINER = "azml-rollouts"
"""The container's name. Workspaces that share an account share it."""
LATEST = "latest"
"""The name of the journal that the next rollout of an endpoint continues or replaces."""


def blob_name(workspace: str, endpoint: str, kept: str = LATEST) -> str:
    """The name of a journal's blob: the latest one of an endpoint, or an earlier one by its own name."""
    return f"{workspace}/{endpoint}/{kept}.json"


def container_url(arm: Arm, workspace_id: str) -> str:
    """The container's URL for the workspace with this ARM id. Raises AzureError without storage."""
    body = arm.get(workspace_id, API_VERSION)
    account = str(((body or {}).get("properties") or {}).get("storageAccount") or "")
    if not account:
        raise AzureError(f"there is no workspace with storage at {workspace_id}", status=404)
    return f"{blob_endpoint(arm, account)}/{CONTAINER}"
