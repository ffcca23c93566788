"""The settings as frozen records."""

from collections.abc import Mapping
from dataclasses import dataclass

from azml.findings import NOWHERE, Place
from azml.stack.config.customer_key import CustomerKey
from azml.stack.config.managed_network import ManagedNetwork
from azml.stack.config.notify import NOBODY, Receivers
from azml.stack.config.private_endpoints import BuildCompute, PrivateEndpoints
from azml.stack.config.promotion import Promotion
from azml.stack.config.target import Target
from azml.stack.endpoint.scoring import ServedEndpoint
from azml.stack.sections.support import UNNAMED, Support

VAULT = "Microsoft.KeyVault/vaults"


@dataclass(frozen=True)
class WorkspaceSettings:
    """The workspace. `existing` means that it is used unchanged, with the resources it depends on.

    Without `shared_keys` its storage accepts only identities with a role (a preview feature of Azure).
    `purge` frees its name and its vault's when the stack is destroyed. `place` is the position of the
    workspace's name in the settings, `group_place` that of its resource group. Without a `container_registry`
    Azure makes one when it first builds an image; without an `identity` the workspace has one of its own.
    `purge_protection` keeps deleted secrets and keys of its vault for their time.
    """

    name: str
    resource_group: str
    existing: bool = False
    existing_resource_group: bool = False
    public_network_access: bool = True
    shared_keys: bool = True
    purge: bool = False
    place: Place = NOWHERE
    group_place: Place = NOWHERE
    storage_account: Support = UNNAMED
    key_vault: Support = UNNAMED
    log_analytics: Support = UNNAMED
    application_insights: Support = UNNAMED
    container_registry: Support = UNNAMED
    identity: Support = UNNAMED
    managed_network: ManagedNetwork | None = None
    private_endpoints: PrivateEndpoints | None = None
    build_compute: BuildCompute | None = None
    purge_protection: bool = False
    customer_key: CustomerKey | None = None

    @property
    def supports(self) -> Mapping[str, tuple[str, Support]]:
        """The resources it depends on, by settings key: Azure's type, and the settings."""
        return {
            "storageAccount": ("Microsoft.Storage/storageAccounts", self.storage_account),
            "keyVault": (VAULT, self.key_vault),
            "logAnalytics": ("Microsoft.OperationalInsights/workspaces", self.log_analytics),
            "applicationInsights": ("Microsoft.Insights/components", self.application_insights),
            "containerRegistry": ("Microsoft.ContainerRegistry/registries", self.container_registry),
        }


@dataclass(frozen=True)
class Diagnostics:
    """Whether the logs of Azure's resources are kept, and where.

    `log_analytics_id` is the ARM id of a Log Analytics workspace; None for the stack's own.
    """

    enabled: bool = False
    log_analytics_id: str | None = None


@dataclass(frozen=True)
class Settings:
    """All settings of the program. `protect` keeps the engine from deleting what has users or data.

    `policy_tags` are names of tags that an Azure policy sets. `studio_url` is the web page of the endpoints;
    None for Azure ML studio. `diagnostics` says where the logs of Azure's resources go.
    `notify` are those who are told of alerts. `promotion` names the registry that versions come through.
    """

    target: Target
    workspace: WorkspaceSettings
    endpoints: tuple[ServedEndpoint, ...]
    protect: bool
    tags: Mapping[str, str]
    policy_tags: tuple[str, ...] = ()
    studio_url: str | None = None
    diagnostics: Diagnostics = Diagnostics()
    notify: Receivers = NOBODY
    promotion: Promotion | None = None
