"""Where the journals of rollouts are: blobs in a container of their own in a workspace's storage account."""

from collections.abc import Mapping
from typing import Any

from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION
from azml.azure.errors import AzureError

CONTAINER = "azml-rollouts"
"""The container's name. Workspaces that share an account share it."""
LATEST = "latest"
"""The name of the journal that the next rollout of an endpoint continues or replaces."""
STORAGE_VERSION = "2024-01-01"
"""The API version of Microsoft.Storage that azure-native 3.29 uses."""


def blob_name(workspace: str, endpoint: str, kept: str = LATEST) -> str:
    """The name of a journal's blob: the latest one of an endpoint, or an earlier one by its own name."""
    return f"{workspace}/{endpoint}/{kept}.json"


def account_of(workspace: Mapping[str, Any]) -> str:
    """The ARM id of a workspace's storage account; empty where its body names none."""
    return str((workspace.get("properties") or {}).get("storageAccount") or "")


def container_in(account: Mapping[str, Any]) -> str:
    """The container's URL in the storage account with this body."""
    endpoints = (account.get("properties") or {}).get("primaryEndpoints") or {}
    return f"{str(endpoints.get('blob') or '').rstrip('/')}/{CONTAINER}"


def container_url(arm: Arm, workspace_id: str) -> str:
    """The container's URL for the workspace with this ARM id. Raises AzureError without storage."""
    account_id = account_of(arm.get(workspace_id, API_VERSION) or {})
    account = arm.get(account_id, STORAGE_VERSION) if account_id else None
    if account is None:
        raise AzureError(f"there is no workspace with storage at {workspace_id}", status=404)
    return container_in(account)
