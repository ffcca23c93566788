"""What a workspace depends on: storage account, key vault, logs, insights and container registry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

import pulumi
from pulumi_azure_native import (
    applicationinsights,
    containerregistry,
    keyvault,
    operationalinsights,
    storage,
)

from azml.roles import Scope
from azml.stack.account import Account

from .workspace_args import ExistingStorageArgs, WorkspaceArgs

WRITE_TELEMETRY = ["connectionString", "instrumentationKey"]
"""Outputs of Application Insights that let anybody write to it; azure-native does not mark them secret."""

LOG_RETENTION_DAYS = 30

_DISABLED = "Disabled"
RuleSet = TypeVar("RuleSet")

Tags = pulumi.Input[Mapping[str, pulumi.Input[str]]] | None


@dataclass(frozen=True)
class Owner:
    """The workspace that the resources belong to. `options` are the options of each of them."""

    args: WorkspaceArgs
    name: str
    arm_id: str
    account: Account
    tags: Tags
    options: Callable[[], pulumi.ResourceOptions]


class Supports:
    """The resources a workspace depends on, created here or existing.

    `made` are those created here. They are declared in the order of the methods' calls.
    """

    storage_account_id: pulumi.Output[str]
    """The ARM id of the storage account, known before it is created."""
    blob_endpoint: pulumi.Output[str]
    """Its blob endpoint."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._logs: pulumi.Input[str] | None = owner.args.log_analytics_id
        self.made: dict[Scope, pulumi.CustomResource] = {}
        self.ids: dict[Scope, pulumi.Input[str]] = {}

    def use_storage(self, existing: ExistingStorageArgs) -> pulumi.Input[str]:
        """Take an existing account."""
        self.storage_account_id = pulumi.Output.from_input(existing.id)
        self.blob_endpoint = pulumi.Output.from_input(existing.blob_endpoint)
        self.ids["storageAccount"] = existing.id
        return existing.id

    def storage_account(self) -> pulumi.Input[str]:
        """Storage for models and code."""
        owner, args = self._owner, self._owner.args
        if args.storage_account:
            return self.use_storage(args.storage_account)
        name = args.storage_account_name or self._global_name("st")
        made = storage.StorageAccount(
            name,
            account_name=name,
            resource_group_name=args.resource_group_name,
            location=args.location,
            kind=storage.Kind.STORAGE_V2,
            sku=storage.SkuArgs(name=storage.SkuName.STANDARD_LRS),
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            enable_https_traffic_only=True,
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            allow_shared_key_access=args.shared_keys,
            public_network_access=_DISABLED if args.is_private else None,
            network_rule_set=_closed(storage.NetworkRuleSetArgs) if args.is_private else None,
            tags=owner.tags,
            opts=owner.options(),
        )
        own = owner.account.storage_id(args.resource_group_name, name)
        self.storage_account_id = pulumi.Output.from_input(own)
        self.blob_endpoint = made.primary_endpoints.blob
        self._keep("storageAccount", own, made)
        return made.id

    def key_vault(self) -> pulumi.Input[str]:
        """The workspace's secrets. The engine names the vault: a deleted one reserves its name for weeks."""
        owner, args = self._owner, self._owner.args
        if args.key_vault_id is not None:
            self.ids["keyVault"] = args.key_vault_id
            return args.key_vault_id
        made = keyvault.Vault(
            args.key_vault_name or self.vault_name(),
            vault_name=args.key_vault_name,
            resource_group_name=args.resource_group_name,
            location=args.location,
            properties=keyvault.VaultPropertiesArgs(
                tenant_id=owner.account.tenant_id,
                sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD),
                enable_rbac_authorization=True,
                enable_soft_delete=True,
                # Irreversible, and Azure refuses False: True or left out.
                enable_purge_protection=self._purge_protection() or None,
                public_network_access=_DISABLED if args.is_private else None,
                network_acls=_closed(keyvault.NetworkRuleSetArgs) if args.is_private else None,
            ),
            tags=owner.tags,
            opts=owner.options(),
        )
        self._keep("keyVault", made.id, made)
        return made.id

    def customer_key(self) -> tuple[pulumi.Input[str], pulumi.Input[str]] | None:
        """The identifier of the key that encrypts the workspace, and the ARM id of its vault."""
        owner, settings = self._owner, self._owner.args.customer_key
        if settings is None:
            return None
        if settings.name is None:
            return settings.uri or "", settings.vault_id or ""
        vault = self.made["keyVault"]
        made = keyvault.Key(
            settings.name,
            key_name=settings.name,
            vault_name=vault.id.apply(lambda own: str(own).rpartition("/")[2]),
            resource_group_name=owner.args.resource_group_name,
            properties=keyvault.KeyPropertiesArgs(kty="RSA", key_size=3072),
            opts=owner.options(),
        )
        return made.key_uri_with_version, vault.id

    def _purge_protection(self) -> bool:
        args = self._owner.args
        return args.protect if args.purge_protection is None else args.purge_protection

    def log_analytics(self) -> pulumi.Input[str]:
        """Logs and traces; created once."""
        owner, args = self._owner, self._owner.args
        if self._logs is None:
            name = args.log_analytics_name or f"log-{owner.name}"
            self._logs = operationalinsights.Workspace(
                name,
                workspace_name=name,
                resource_group_name=args.resource_group_name,
                location=args.location,
                sku=operationalinsights.WorkspaceSkuArgs(name="PerGB2018"),
                retention_in_days=LOG_RETENTION_DAYS,
                tags=owner.tags,
                opts=owner.options(),
            ).id
        return self._logs

    def application_insights(self) -> pulumi.Input[str]:
        """Telemetry of deployments."""
        owner, args = self._owner, self._owner.args
        if args.application_insights_id is not None:
            self.ids["applicationInsights"] = args.application_insights_id
            return args.application_insights_id
        name = args.application_insights_name or f"appi-{owner.name}"
        made = applicationinsights.Component(
            name,
            resource_name_=name,
            resource_group_name=args.resource_group_name,
            location=args.location,
            kind="web",
            application_type="web",
            ingestion_mode="LogAnalytics",
            workspace_resource_id=self.log_analytics(),
            tags=owner.tags,
            opts=pulumi.ResourceOptions.merge(
                owner.options(), pulumi.ResourceOptions(additional_secret_outputs=WRITE_TELEMETRY)
            ),
        )
        self._keep("applicationInsights", made.id, made)
        return made.id

    def container_registry(self) -> pulumi.Input[str] | None:
        """Images of environments; None where it is left to Azure, which makes one with the first image."""
        owner, args = self._owner, self._owner.args
        if args.container_registry_id is not None:
            self.ids["containerRegistry"] = args.container_registry_id
            return args.container_registry_id
        if args.container_registry_name is None:
            return None
        made = containerregistry.Registry(
            args.container_registry_name,
            registry_name=args.container_registry_name,
            resource_group_name=args.resource_group_name,
            location=args.location,
            # Private endpoints need this size.
            sku=containerregistry.SkuArgs(name="Premium" if args.private_endpoints else "Standard"),
            public_network_access=_DISABLED if args.is_private else None,
            network_rule_bypass_options="AzureServices" if args.is_private else None,
            # Identities pull images by their role; nobody signs in with a password.
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            tags=owner.tags,
            opts=owner.options(),
        )
        own: pulumi.Output[str] = made.id
        self._keep("containerRegistry", own, made)
        return own

    def vault_name(self) -> str:
        """The prefix of the engine's name for the vault."""
        return self._global_name("kv")[:15]

    def _keep(self, key: Scope, own: pulumi.Input[str], made: pulumi.CustomResource) -> None:
        self.ids[key], self.made[key] = own, made

    def _global_name(self, prefix: str) -> str:
        """A globally unique name, as storage accounts and vaults need across all of Azure."""
        word = "".join(letter for letter in self._owner.name.lower() if letter.isascii() and letter.isalnum())
        return f"{prefix}{word[:12]}{sha256(self._owner.arm_id.lower().encode()).hexdigest()[:8]}"


def _closed(kind: Callable[..., RuleSet]) -> RuleSet:
    """Network rules that admit trusted Azure services only, such as Azure Machine Learning."""
    return kind(bypass="AzureServices", default_action="Deny")
