"""The workspace and its dependencies: resource group, storage account, key vault, logs and insights."""

from collections.abc import Mapping
from hashlib import sha256

import pulumi
from pulumi_azure_native import (
    applicationinsights,
    keyvault,
    machinelearningservices,
    operationalinsights,
    resources,
    storage,
)

from azml.azure.rollouts import CONTAINER as ROLLOUTS
from azml.stack.account import account

from .component import Component
from .purge import PurgeOnDelete, PurgeOnDeleteArgs
from .roles import BLOB_CONTRIBUTOR, FILE_CONTRIBUTOR, RoleGrant, RoleGrantArgs, managed_identity_grant
from .workspace_args import ExistingStorageArgs, WorkspaceArgs

WRITE_TELEMETRY = ["connectionString", "instrumentationKey"]
"""Outputs of Application Insights that let anybody write to it; azure-native does not mark them secret."""

GIVEN_BY_AZURE = ["containerRegistry"]
"""Azure adds a registry to a workspace when it first builds an image; a write without it would remove it."""

LOG_RETENTION_DAYS = 30


class Workspace(Component):
    """An Azure Machine Learning workspace, created here or existing.

    Names are plain text, so that previews show them and a change here never makes them unknown elsewhere.
    Uploads must wait for `deployer_grants`, deployments for `identity_grants`; roles are granted only on
    storage that is created here (`grants_roles`).
    """

    resource: machinelearningservices.Workspace | None
    """The workspace itself; None for an existing one."""
    workspace_id: pulumi.Output[str]
    """Its GUID."""
    storage_account_id: pulumi.Output[str]
    """The ARM id of the storage account of its default datastore."""
    blob_endpoint: pulumi.Output[str]
    """The blob endpoint of that account."""
    blob_container: pulumi.Output[str]
    """The container of the default datastore."""

    def __init__(self, name: str, args: WorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Workspace", name, opts)
        self.args = args
        self.name = args.workspace_name or name
        self.resource_group = args.resource_group_name
        self.account = args.account or account(pulumi.InvokeOptions(parent=self))
        self.arm_id = self.account.workspace_id(self.resource_group, self.name)
        self.standing = args.standing
        self.location = args.existing.location if args.existing else args.location
        self.grants_roles = False
        self.deployer_grants: list[pulumi.Resource] = []
        self.identity_grants: list[pulumi.Resource] = []
        self._options = self._child(pulumi.ResourceOptions(protect=args.protect or None))
        if args.existing:
            self.resource = None
            self.workspace_id = pulumi.Output.from_input(args.existing.workspace_id)
            self._use_storage(args.existing.storage_account)
        else:
            self.resource = self._declare()
        if args.rollout_journals:
            self._journals()
        # Azure ML names the container after the workspace's GUID.
        self.blob_container = pulumi.Output.concat("azureml-blobstore-", self.workspace_id)
        self.register_outputs({"id": self.arm_id, "workspace_id": self.workspace_id})

    def _declare(self) -> machinelearningservices.Workspace:
        args = self.args
        if not args.existing_resource_group:
            self._after(self._resource_group())
        if args.purge:
            self._after(self._purge())
        made = machinelearningservices.Workspace(
            self.name,
            workspace_name=self.name,
            resource_group_name=self.resource_group,
            location=self.location,
            sku=machinelearningservices.SkuArgs(name="Basic", tier=machinelearningservices.SkuTier.BASIC),
            identity=machinelearningservices.ManagedServiceIdentityArgs(type="SystemAssigned"),
            storage_account=self._storage_account(),
            key_vault=self._key_vault(),
            application_insights=self._application_insights(),
            public_network_access=_access(args.public_network_access),
            v1_legacy_mode=False,
            system_datastores_auth_mode=None if args.shared_keys else "Identity",
            tags=self._tags_with(self.retry_tags(self.arm_id)),
            opts=pulumi.ResourceOptions.merge(
                self._options, pulumi.ResourceOptions(ignore_changes=GIVEN_BY_AZURE)
            ),
        )
        # azure-native previews no output of a resource that changes, and the container's name needs this one.
        known = self._known_workspace_id() if pulumi.runtime.is_dry_run() else None
        self.workspace_id = pulumi.Output.from_input(known or made.workspace_id)
        if self.by_identity:
            principal = made.identity.apply(lambda identity: identity.principal_id if identity else "")
            self.identity_grants = [
                managed_identity_grant(self.name, role, self.storage_account_id, principal, self._child())
                for role in (BLOB_CONTRIBUTOR, FILE_CONTRIBUTOR)
            ]
        return made

    def _after(self, first: pulumi.Resource) -> None:
        """Make everything declared from here on depend on `first`."""
        after = pulumi.ResourceOptions(depends_on=[first])
        self._options = pulumi.ResourceOptions.merge(self._options, after)

    def _known_workspace_id(self) -> str | None:
        fact = self.standing.found.get(self.arm_id) if self.standing else None
        return fact.text("workspaceId") or None if fact else None

    def retry_tags(self, resource_id: str) -> dict[str, str]:
        """The tag that has a failed resource written again, according to what Azure reports about it."""
        return self.standing.retry_tags(resource_id) if self.standing else {}

    def _tags_with(self, own: Mapping[str, str]) -> pulumi.Input[Mapping[str, pulumi.Input[str]]] | None:
        tags = self.args.tags
        if tags is None or isinstance(tags, Mapping):
            return {**(tags or {}), **own} or None
        return pulumi.Output.all(tags).apply(lambda known: {**(known[0] or {}), **own})

    def _resource_group(self) -> pulumi.Resource:
        return resources.ResourceGroup(
            self.resource_group,
            resource_group_name=self.resource_group,
            location=self.location,
            tags=self._tags_with({}),
            opts=self._options,
        )

    def _purge(self) -> pulumi.Resource:
        """Frees the names once the resources with them are deleted: all that follows depends on it."""
        args, held = self.args, self.standing.held if self.standing else ()
        ours = args.key_vault_id is None
        purge = PurgeOnDeleteArgs(
            workspace_id=self.arm_id,
            vault_name=args.key_vault_name if ours else None,
            vault_prefix=self._vault_name() if ours and not args.key_vault_name else None,
            leftovers=", ".join(one.until for one in held) or None,
        )
        return PurgeOnDelete(self.name, purge, self._options)

    def _storage_account(self) -> pulumi.Input[str]:
        """Storage for models and code, with a role to write there for the identity that runs the program."""
        if self.args.storage_account:
            return self._use_storage(self.args.storage_account)
        name = self.args.storage_account_name or self._global_name("st")
        made = storage.StorageAccount(
            name,
            account_name=name,
            resource_group_name=self.resource_group,
            location=self.location,
            kind=storage.Kind.STORAGE_V2,
            sku=storage.SkuArgs(name=storage.SkuName.STANDARD_LRS),
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            enable_https_traffic_only=True,
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            allow_shared_key_access=self.args.shared_keys,
            tags=self._tags_with({}),
            opts=self._options,
        )
        self.storage_account_id = pulumi.Output.from_input(self.account.storage_id(self.resource_group, name))
        self.blob_endpoint = made.primary_endpoints.blob
        self.grants_roles = True
        grant = RoleGrantArgs(
            scope=self.storage_account_id, role=BLOB_CONTRIBUTOR, principal_id=self.account.object_id
        )
        after = self._child(pulumi.ResourceOptions(depends_on=[made]))
        self.deployer_grants = [RoleGrant(f"{BLOB_CONTRIBUTOR} for whoever runs the stack", grant, after)]
        return made.id

    def _use_storage(self, existing: ExistingStorageArgs) -> pulumi.Input[str]:
        self.storage_account_id = pulumi.Output.from_input(existing.id)
        self.blob_endpoint = pulumi.Output.from_input(existing.blob_endpoint)
        return existing.id

    def _journals(self) -> None:
        """The container of the journals of rollouts, in the workspace's storage: its team shares them.

        Whoever carries a rollout out needs the role that `deployer_grants` give where storage is made here.
        """
        parts = self.storage_account_id.apply(lambda account: account.split("/"))
        storage.BlobContainer(
            f"{self.name}-{ROLLOUTS}",
            container_name=ROLLOUTS,
            account_name=parts.apply(lambda found: found[-1]),
            resource_group_name=parts.apply(lambda found: found[4]),
            public_access=storage.PublicAccess.NONE,
            opts=pulumi.ResourceOptions.merge(
                self._options, pulumi.ResourceOptions(depends_on=self.deployer_grants)
            ),
        )

    def _key_vault(self) -> pulumi.Input[str]:
        """The workspace's secrets. The engine names the vault: a deleted one reserves its name for weeks."""
        if self.args.key_vault_id is not None:
            return self.args.key_vault_id
        name = self.args.key_vault_name
        return keyvault.Vault(
            name or self._vault_name(),
            vault_name=name,
            resource_group_name=self.resource_group,
            location=self.location,
            properties=keyvault.VaultPropertiesArgs(
                tenant_id=self.account.tenant_id,
                sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD),
                enable_rbac_authorization=True,
                enable_soft_delete=True,
                # Irreversible, and Azure refuses False: set where the stack is protected, else left out.
                enable_purge_protection=self.args.protect or None,
            ),
            tags=self._tags_with({}),
            opts=self._options,
        ).id

    def _log_analytics(self) -> pulumi.Input[str]:
        if self.args.log_analytics_id is not None:
            return self.args.log_analytics_id
        name = self.args.log_analytics_name or f"log-{self.name}"
        return operationalinsights.Workspace(
            name,
            workspace_name=name,
            resource_group_name=self.resource_group,
            location=self.location,
            sku=operationalinsights.WorkspaceSkuArgs(name="PerGB2018"),
            retention_in_days=LOG_RETENTION_DAYS,
            tags=self._tags_with({}),
            opts=self._options,
        ).id

    def _application_insights(self) -> pulumi.Input[str]:
        if self.args.application_insights_id is not None:
            return self.args.application_insights_id
        name = self.args.application_insights_name or f"appi-{self.name}"
        return applicationinsights.Component(
            name,
            resource_name_=name,
            resource_group_name=self.resource_group,
            location=self.location,
            kind="web",
            application_type="web",
            ingestion_mode="LogAnalytics",
            workspace_resource_id=self._log_analytics(),
            tags=self._tags_with({}),
            opts=pulumi.ResourceOptions.merge(
                self._options, pulumi.ResourceOptions(additional_secret_outputs=WRITE_TELEMETRY)
            ),
        ).id

    def _vault_name(self) -> str:
        """The prefix of the engine's name for the vault."""
        return self._global_name("kv")[:15]

    def _global_name(self, prefix: str) -> str:
        """A globally unique name, as storage accounts and vaults need across all of Azure."""
        word = "".join(letter for letter in self.name.lower() if letter.isascii() and letter.isalnum())
        return f"{prefix}{word[:12]}{sha256(self.arm_id.lower().encode()).hexdigest()[:8]}"

    @property
    def studio_page(self) -> str:
        """The page of the workspace's endpoints in Azure ML studio."""
        return f"https://ml.azure.com/endpoints?wsid={self.arm_id}&tid={self.account.tenant_id}"

    @property
    def by_identity(self) -> bool:
        """Whether identities read the storage by their roles, because its keys are disabled."""
        return self.grants_roles and not self.args.shared_keys

    @property
    def first(self) -> list[pulumi.Input[pulumi.Resource]]:
        """The resources that must exist before anything is created in the workspace."""
        return [self.resource] if self.resource else self._waits


def _access(public: pulumi.Input[bool]) -> pulumi.Input[str]:
    if isinstance(public, bool):
        return "Enabled" if public else "Disabled"
    return pulumi.Output.all(public).apply(lambda known: _access(bool(known[0])))
