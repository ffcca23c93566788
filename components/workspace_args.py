"""The arguments of a workspace: its names, its dependencies, and what exists already."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from azml.stack.account import Account
from azml.stack.facts import Standing


@dataclass(frozen=True, kw_only=True)
class ExistingStorageArgs:
    """An existing storage account: its ARM id, and its blob endpoint (`primaryEndpoints.blob`)."""

    id: pulumi.Input[str]
    blob_endpoint: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class ExistingWorkspaceArgs:
    """An existing workspace: its GUID (`workspaceId`), its region and its storage account."""

    workspace_id: pulumi.Input[str]
    location: pulumi.Input[str] | None = None
    storage_account: ExistingStorageArgs


@dataclass(frozen=True, kw_only=True)
class WorkspaceArgs:
    """The workspace. Its name and its group's are plain text: ids and other names are derived from them.

    `workspace_name` defaults to the component's name. With `existing` it is used unchanged. Its dependencies
    are created here (under a generated name unless `..._name` is set), or given by their ARM ids. Without
    `shared_keys` its storage accepts only identities with a role (a preview feature of Azure). `purge` frees
    its name and its vault's when the stack is destroyed. `protect` keeps the engine from deleting all this.
    `account` is looked up by default; `standing` is what Azure reports about existing resources.
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
    account: Account | None = None
    standing: Standing | None = None
    rollout_journals: bool = False
