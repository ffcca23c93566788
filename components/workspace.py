"""The workspace and what it stands on: resource group, storage account, key vault, logs and insights."""

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

from .account import account
from .existing import Existing
from .immutable import Fact
from .purge import PurgeOnDelete
from .roles import BLOB_CONTRIBUTOR, FILE_CONTRIBUTOR, RoleGrant, managed_identity_grant
from .settings import Support, WorkspaceSettings
from .standing import Standing, supports

WRITE_TELEMETRY = ["connectionString", "instrumentationKey"]
"""Outputs of Application Insights that let anybody write to it; azure-native marks none as secret."""

GIVEN_BY_AZURE = ["containerRegistry"]
"""Azure gives a workspace a registry when it first builds an image; a write without it would take it away."""

LOG_RETENTION_DAYS = 30


class Workspace(pulumi.ComponentResource):
    """An Azure Machine Learning workspace, made here or there already.

    Names are plain text, so that previews show them and a change here never makes them unknown elsewhere.
    `blob_container`, `blob_endpoint` and `storage_id` (an ARM id) are where the workspace's default datastore
    keeps its files. `existing` and `standing` are what Azure has told of what is there. `deployer_grants`
    come before whoever runs the stack uploads, `identity_grants` before a deployment reads; roles are given
    on storage that is made here (`grants_roles`), on no other.
    """

    def __init__(
        self,
        settings: WorkspaceSettings,
        existing: Existing,
        standing: Standing,
        *,
        protect: bool = False,
        tags: Mapping[str, str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("azml:components:Workspace", settings.name, {}, opts)
        self.settings = settings
        self.standing = standing
        self.name = settings.name
        self.resource_group = settings.resource_group
        self.account = account()
        self.arm_id = self.account.workspace_id(self.resource_group, self.name)
        self._options = pulumi.ResourceOptions(parent=self, protect=protect or None)
        self._purge_protection = protect or None
        self._tags = tags or None
        self._existing = existing
        self.location: str | None = None
        self.grants_roles = False
        self.deployer_grants: list[pulumi.Resource] = []
        self.identity_grants: list[pulumi.Resource] = []
        if settings.existing:
            self._find()
        else:
            self._declare()
        self.register_outputs({"id": self.arm_id, "workspace_id": self.workspace_id})

    def _find(self) -> None:
        """Use a workspace as it stands, with its storage account. Nothing enters the state."""
        found = self.standing.found[self.arm_id]
        self.location = found.location
        self.workspace_id: pulumi.Input[str] = found.text("workspaceId")
        self._use_storage(found.text("storageAccount"))

    def _declare(self) -> None:
        settings = self.settings
        if not settings.existing_resource_group:
            group = resources.ResourceGroup(
                settings.resource_group,
                resource_group_name=self.resource_group,
                tags=self._tags,
                opts=self._options,
            )
            after = pulumi.ResourceOptions(depends_on=[group])
            self._options = pulumi.ResourceOptions.merge(self._options, after)
        if settings.purge:
            self._purge_later()
        made = machinelearningservices.Workspace(
            self.name,
            workspace_name=self.name,
            resource_group_name=self.resource_group,
            sku=machinelearningservices.SkuArgs(name="Basic", tier=machinelearningservices.SkuTier.BASIC),
            identity=machinelearningservices.ManagedServiceIdentityArgs(type="SystemAssigned"),
            storage_account=self._storage_account(settings.storage_account),
            key_vault=self._key_vault(settings.key_vault),
            application_insights=self._application_insights(settings),
            public_network_access="Enabled" if settings.public_network_access else "Disabled",
            v1_legacy_mode=False,
            system_datastores_auth_mode=None if settings.shared_keys else "Identity",
            tags={**(self._tags or {}), **self._existing.tags(self.arm_id)} or None,
            opts=pulumi.ResourceOptions.merge(
                self._options, pulumi.ResourceOptions(ignore_changes=GIVEN_BY_AZURE)
            ),
        )
        # azure-native previews no output of a resource that changes, and the container is named by this one.
        known = self._existing.workspace_ids.get(self.arm_id) if pulumi.runtime.is_dry_run() else None
        self.workspace_id = known or made.workspace_id
        self.made = made
        if self.by_identity:
            principal = made.identity.apply(lambda identity: identity.principal_id if identity else "")
            own = pulumi.ResourceOptions(parent=self)
            self.identity_grants = [
                managed_identity_grant(self.name, role, self.storage_id, principal, own)
                for role in (BLOB_CONTRIBUTOR, FILE_CONTRIBUTOR)
            ]

    def _purge_later(self) -> None:
        """Have the names freed once what bears them is deleted: all that follows depends on this."""
        vault = self.settings.key_vault
        purge = PurgeOnDelete(
            self.name,
            workspace_id=self.arm_id,
            vault_name=None if vault.existing else vault.name,
            vault_prefix=None if vault.name else self._vault_name(),
            leftovers=", ".join(one.until for one in self.standing.held) or None,
            opts=self._options,
        )
        after = pulumi.ResourceOptions(depends_on=[purge])
        self._options = pulumi.ResourceOptions.merge(self._options, after)

    def _storage_account(self, settings: Support) -> pulumi.Input[str]:
        """Files of models and code, with a role to write them for whoever runs the stack."""
        if settings.existing:
            return self._use_storage(self._existing_id("storageAccount"))
        name = settings.name or self._global_name("st")
        made = storage.StorageAccount(
            name,
            account_name=name,
            resource_group_name=self.resource_group,
            kind=storage.Kind.STORAGE_V2,
            sku=storage.SkuArgs(name=storage.SkuName.STANDARD_LRS),
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            enable_https_traffic_only=True,
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            allow_shared_key_access=self.settings.shared_keys,
            tags=self._tags,
            opts=self._options,
        )
        self.storage_id = self.account.storage_id(self.resource_group, name)
        self.blob_endpoint: pulumi.Input[str] = made.primary_endpoints.blob
        self.grants_roles = True
        deployer = RoleGrant(
            "whoever runs the stack",
            scope=self.storage_id,
            role=BLOB_CONTRIBUTOR,
            principal_id=self.account.object_id,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[made]),
        )
        self.deployer_grants = [deployer]
        return made.id

    def _use_storage(self, account: str) -> str:
        self.storage_id = account
        self.blob_endpoint = blob_endpoint(self.standing.found[account])
        return account

    def _existing_id(self, key: str) -> str:
        """The ARM id of something the settings say exists."""
        _, kind, support = supports(self.settings)[key]
        group = support.resource_group or self.resource_group
        return self.account.resource_id(group, kind, support.name or "")

    def _key_vault(self, settings: Support) -> pulumi.Input[str]:
        """The workspace's secrets. Named by the engine: a deleted vault holds its name for weeks."""
        if settings.existing:
            return self._existing_id("keyVault")
        return keyvault.Vault(
            settings.name or self._vault_name(),
            vault_name=settings.name,
            resource_group_name=self.resource_group,
            properties=keyvault.VaultPropertiesArgs(
                tenant_id=self.account.tenant_id,
                sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD),
                enable_rbac_authorization=True,
                enable_soft_delete=True,
                # Irreversible, and Azure refuses False: set where the stack is protected, else left out.
                enable_purge_protection=self._purge_protection,
            ),
            tags=self._tags,
            opts=self._options,
        ).id

    def _log_analytics(self, settings: Support) -> pulumi.Input[str]:
        if settings.existing:
            return self._existing_id("logAnalytics")
        name = settings.name or f"log-{self.name}"
        return operationalinsights.Workspace(
            name,
            workspace_name=name,
            resource_group_name=self.resource_group,
            sku=operationalinsights.WorkspaceSkuArgs(name="PerGB2018"),
            retention_in_days=LOG_RETENTION_DAYS,
            tags=self._tags,
            opts=self._options,
        ).id

    def _application_insights(self, settings: WorkspaceSettings) -> pulumi.Input[str]:
        own = settings.application_insights
        if own.existing:
            return self._existing_id("applicationInsights")
        name = own.name or f"appi-{self.name}"
        return applicationinsights.Component(
            name,
            resource_name_=name,
            resource_group_name=self.resource_group,
            kind="web",
            application_type="web",
            ingestion_mode="LogAnalytics",
            workspace_resource_id=self._log_analytics(settings.log_analytics),
            tags=self._tags,
            opts=pulumi.ResourceOptions.merge(
                self._options, pulumi.ResourceOptions(additional_secret_outputs=WRITE_TELEMETRY)
            ),
        ).id

    def _vault_name(self) -> str:
        """What the engine's name for the vault begins with."""
        return self._global_name("kv")[:15]

    def _global_name(self, prefix: str) -> str:
        """A name no other subscription has: storage accounts and vaults share one space across Azure."""
        word = "".join(letter for letter in self.name.lower() if letter.isascii() and letter.isalnum())
        return f"{prefix}{word[:12]}{sha256(self.arm_id.lower().encode()).hexdigest()[:8]}"

    @property
    def studio_page(self) -> str:
        """Where a person looks at the workspace's endpoints in Azure ML studio."""
        return f"https://ml.azure.com/endpoints?wsid={self.arm_id}&tid={self.account.tenant_id}"

    @property
    def blob_container(self) -> pulumi.Output[str]:
        """The container of the default datastore; Azure ML names it after the workspace."""
        return pulumi.Output.concat("azureml-blobstore-", self.workspace_id)

    @property
    def by_identity(self) -> bool:
        """Whether identities read the storage by roles of theirs, because its keys open nothing."""
        return self.grants_roles and not self.settings.shared_keys

    @property
    def resources(self) -> list[pulumi.Resource]:
        """What must be there before anything is put into the workspace."""
        return [] if self.settings.existing else [self.made]


def blob_endpoint(account: Fact) -> str:
    """Where a storage account's blobs are; empty for one that holds none."""
    endpoints = account.properties.get("primaryEndpoints")
    return str(endpoints.get("blob") or "") if isinstance(endpoints, dict) else ""
