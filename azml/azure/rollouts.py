"""Where the journals of rollouts are: blobs in a container of their own in a workspace's storage account."""

from azml.azure.storage_accounts import Account

CONTAINER = "azml-rollouts"
"""The container's name. Workspaces that share an account share it."""
LATEST = "latest"
"""The name of the journal that the next rollout of an endpoint continues or replaces."""


def blob_name(workspace: str, endpoint: str, kept: str = LATEST) -> str:
    """The name of a journal's blob: the latest one of an endpoint, or an earlier one by its own name."""
    return f"{workspace}/{endpoint}/{kept}.json"


def container_in(account: Account) -> str:
    """The container's URL."""
    return f"{account.blobs}/{CONTAINER}"
