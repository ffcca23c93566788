"""The arguments of a workspace: its names, its dependencies, and what exists already."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from azml.stack.account import Account
from azml.stack.config.customer_key import CustomerKey
from azml.stack.config.managed_network import ManagedNetwork
from azml.stack.config.private_endpoints import BuildCompute, PrivateEndpoints
from azml.stack.facts import LiveState


@dataclass(frozen=True, kw_only=True)
class ExistingStorageArgs:
    """An existing storage account: its ARM id, and its blob endpoint (`primaryEndpoints.blob`)."""

    id: pulumi.Input[str]
    blob_endpoint: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class ExistingWorkspaceArgs:
    """An existing workspace: its GUID (`workspaceId`), its region, its storage account and its registry.

    The registry is needed where identities get roles, and missing before Azure has built an image.
    """

    workspace_id: pulumi.Input[str]
    location: pulumi.Input[str] | None = None
    storage_account: ExistingStorageArgs
    container_registry_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class UserIdentityArgs:
    """A user-assigned identity: its name, and for an existing one its object id and resource group."""

    name: str
    principal_id: str | None = None
    resource_group_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class DiagnosticsArgs:
    """Whether logs are kept, and in which Log Analytics workspace: None for the workspace's own."""

    enabled: bool = False
    log_analytics_id: pulumi.Input[str] | None = None


@dataclass(frozen=True, kw_only=True)
class WorkspaceArgs:
    """The workspace. Its name and its group's are plain text: ids and other names are derived from them.

    `workspace_name` defaults to the component's name. With `existing` it is used unchanged. Its dependencies
    are created here (under a generated name unless `..._name` is set), or given by their ARM ids; a container
    registry without either is left to Azure, which creates one with the first image. With `private_endpoints`
    and without public access, its dependencies are reached by these alone. Without `shared_keys`
    its storage accepts only identities with a role (a preview feature of Azure). With a user-assigned
    `identity` the workspace has none of its own. `purge` frees its name and its vault's when the stack is
    destroyed. `protect` keeps the engine from deleting all this, and turns
    on `purge_protection` unless that is given. `account` is looked up by default;
    `live_state` is what Azure reports about existing resources.
    `rollout_journals` makes the container that the journals of rollouts are kept in.
    """

    resource_group_name: str
    workspace_name: str | None = None
    existing: ExistingWorkspaceArgs | None = None
    existing_resource_group: bool = False
    location: pulumi.Input[str] | None = None
    public_network_access: pulumi.Input[bool] = True
    shared_keys: bool = True
    purge: bool = False
    protect: bool = False
    tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None
    storage_account: ExistingStorageArgs | None = None
    storage_account_name: str | None = None
    key_vault_id: pulumi.Input[str] | None = None
    key_vault_name: str | None = None
    log_analytics_id: pulumi.Input[str] | None = None
    log_analytics_name: str | None = None
    application_insights_id: pulumi.Input[str] | None = None
    application_insights_name: str | None = None
    container_registry_id: pulumi.Input[str] | None = None
    container_registry_name: str | None = None
    identity: UserIdentityArgs | None = None
    diagnostics: DiagnosticsArgs = DiagnosticsArgs()
    managed_network: ManagedNetwork | None = None
    private_endpoints: PrivateEndpoints | None = None
    build_compute: BuildCompute | None = None
    purge_protection: bool | None = None
    customer_key: CustomerKey | None = None
    account: Account | None = None
    live_state: LiveState | None = None
    rollout_journals: bool = False

    @property
    def is_private(self) -> bool:
        """Whether the dependencies created here refuse requests from public networks."""
        return self.private_endpoints is not None and self.public_network_access is False
