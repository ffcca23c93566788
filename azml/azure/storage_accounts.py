"""Storage accounts as Azure Resource Manager has them, and the one of a workspace."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION
from azml.azure.errors import AzureError

STORAGE_API = "2023-05-01"
"""The API version of Microsoft.Storage."""
SCOPE = "https://storage.azure.com/.default"
"""What tokens for the data in an account are for."""
DATASTORE = "workspaceblobstore"
"""A workspace's default datastore: the container in its account that models and data lie in."""


@dataclass(frozen=True)
class Account:
    """A storage account in ARM: its id, its blob endpoint without a final slash, whether keys are enabled."""

    id: str
    blobs: str
    shared_keys: bool

    @property
    def name(self) -> str:
        """The account's name."""
        return self.id.rpartition("/")[2]


def find_account(arm: Arm, account_id: str) -> Account | None:
    """The account with an ARM id; None when it does not exist."""
    found = arm.get(account_id, STORAGE_API)
    return None if found is None else account_in(account_id, found)


def account_in(account_id: str, body: Mapping[str, Any]) -> Account:
    """The account that a body describes."""
    properties = body.get("properties") or {}
    blobs = str((properties.get("primaryEndpoints") or {}).get("blob") or "").rstrip("/")
    return Account(account_id, blobs, properties.get("allowSharedKeyAccess") is not False)


def account_id_of(workspace: Mapping[str, Any]) -> str:
    """The ARM id of a workspace's account; empty where its body names none."""
    return str((workspace.get("properties") or {}).get("storageAccount") or "")


def workspace_account(arm: Arm, workspace_id: str) -> Account:
    """The account of the workspace with an ARM id. Raises AzureError where either does not exist."""
    account_id = account_id_of(arm.get(workspace_id, API_VERSION) or {})
    account = find_account(arm, account_id) if account_id else None
    if account is None:
        raise AzureError(f"there is no workspace with storage at {workspace_id}", status=404)
    return account
