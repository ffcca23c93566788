"""What a workspace is told: its names, what it stands on, and what is there already."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from azml.stack.account import Account
from azml.stack.facts import Standing


@dataclass(frozen=True, kw_only=True)
class ExistingStorageArgs:
    """A storage account that is there: its ARM id, and where its blobs are (`primaryEndpoints.blob`)."""

    id: pulumi.Input[str]
    blob_endpoint: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class ExistingWorkspaceArgs:
    """A workspace that is there: its GUID (`workspaceId`), its region and its storage account."""

    workspace_id: pulumi.Input[str]
    location: pulumi.Input[str] | None = None
    storage_account: ExistingStorageArgs


@dataclass(frozen=True, kw_only=True)
class WorkspaceArgs:
    """The workspace. Its name and its group's are plain text: ids and other names are made of them.

    `workspace_name` is the component's own name unless told. With `existing` it is used as it stands. What it
    stands on is made here (under a name of our choosing unless `..._name` tells one), or given by its ARM id.
    Without `shared_keys` its storage opens to identities with a role alone (a preview of Azure's). `purge`
    frees its name and its vault's when the stack is destroyed. `protect` keeps the engine from deleting all
    this. `account` is asked for unless told; `standing` is what Azure has told of what is there.
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
