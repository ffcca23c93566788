"""Which subscription and tenant the stack deploys to."""

from dataclasses import dataclass

import pulumi

from azml.stack.questions import asking


@dataclass(frozen=True)
class Account:
    """A subscription and the tenant that owns it, as text: ARM ids are built from them.

    `object_id` is the identity that runs the stack.
    """

    subscription_id: str
    tenant_id: str
    object_id: str

    def group_id(self, resource_group: str) -> str:
        """The ARM id of a resource group, which need not exist."""
        return f"/subscriptions/{self.subscription_id}/resourceGroups/{resource_group}"

    def resource_id(self, resource_group: str, kind: str, name: str) -> str:
        """The ARM id of a resource in a group; `kind` is its full type, as `Microsoft.KeyVault/vaults`."""
        return f"{self.group_id(resource_group)}/providers/{kind}/{name}"

    def workspace_id(self, resource_group: str, name: str) -> str:
        """The ARM id of a workspace, which need not exist."""
        return self.resource_id(resource_group, "Microsoft.MachineLearningServices/workspaces", name)

    def storage_id(self, resource_group: str, name: str) -> str:
        """The ARM id of a storage account, which need not exist."""
        group = f"/subscriptions/{self.subscription_id}/resourceGroups/{resource_group}"
        return f"{group}/providers/Microsoft.Storage/storageAccounts/{name}"


def account(options: pulumi.InvokeOptions | None = None) -> Account:
    """The account azure-native acts in, asked of azure-native: only it knows what its settings resolve to.

    `options` select the azure-native provider, directly or through a parent that has one.
    """
    # Directly: its package loads a hundred other modules. Late: the program chooses how the SDK is loaded.
    from pulumi_azure_native.authorization.get_client_config import get_client_config

    with asking():
        found = get_client_config(options)
    return Account(found.subscription_id, found.tenant_id, found.object_id)
