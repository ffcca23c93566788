"""Which subscription and tenant the stack deploys to."""

from dataclasses import dataclass

import pulumi

# Not through its package, which loads a hundred other modules.
from pulumi_azure_native.authorization.get_client_config import get_client_config

from azml.stack.questions import asking


@dataclass(frozen=True)
class Account:
    """A subscription and the tenant that owns it, as text: ids are built from them.

    `object_id` is whom the stack runs as.
    """

    subscription_id: str
    tenant_id: str
    object_id: str

    def group_id(self, resource_group: str) -> str:
        """The ARM id of a resource group, there already or not."""
        return f"/subscriptions/{self.subscription_id}/resourceGroups/{resource_group}"

    def resource_id(self, resource_group: str, kind: str, name: str) -> str:
        """The ARM id of a resource in a group; `kind` is its full type, as `Microsoft.KeyVault/vaults`."""
        return f"{self.group_id(resource_group)}/providers/{kind}/{name}"

    def workspace_id(self, resource_group: str, name: str) -> str:
        """The ARM id of a workspace, there already or not."""
        return self.resource_id(resource_group, "Microsoft.MachineLearningServices/workspaces", name)

    def storage_id(self, resource_group: str, name: str) -> str:
        """The ARM id of a storage account, there already or not."""
        group = f"/subscriptions/{self.subscription_id}/resourceGroups/{resource_group}"
        return f"{group}/providers/Microsoft.Storage/storageAccounts/{name}"


def account(options: pulumi.InvokeOptions | None = None) -> Account:
    """The account azure-native acts in, as azure-native says: it alone knows what its settings come to.

    `options` say which azure-native, by a provider or by a parent that has one.
    """
    with asking():
        found = get_client_config(options)
    return Account(found.subscription_id, found.tenant_id, found.object_id)
