"""The logs of Azure's resources, sent to a Log Analytics workspace.

`monitor` is quoted in annotations, because evaluating them loads that part of azure-native's SDK.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import monitor

from azml.roles import Scope


@dataclass(frozen=True)
class Logs:
    """What a type of resource logs: category groups, or single categories where it has no groups."""

    groups: Sequence[str] = ()
    categories: Sequence[str] = ()


# learn.microsoft.com, "Supported resource logs" of each type in the Azure Monitor reference.
WORKSPACE_LOGS = Logs(groups=("allLogs",))
VAULT_LOGS = Logs(groups=("audit",))
REGISTRY_LOGS = Logs(groups=("allLogs",))
BLOB_LOGS = Logs(categories=("StorageRead", "StorageWrite", "StorageDelete"))
ENDPOINT_LOGS = Logs(
    categories=("AmlOnlineEndpointTrafficLog", "AmlOnlineEndpointConsoleLog", "AmlOnlineEndpointEventLog")
)

SUPPORT_LOGS: Sequence[tuple[Scope, str, Logs]] = (
    ("storageAccount", "/blobServices/default", BLOB_LOGS),
    ("keyVault", "", VAULT_LOGS),
    ("containerRegistry", "", REGISTRY_LOGS),
)
"""What a workspace depends on: which part of each logs, and what."""


def send_logs(
    name: str,
    resource_id: pulumi.Input[str],
    logs: Logs,
    log_analytics_id: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> "monitor.DiagnosticSetting":
    """Send the logs of a resource to a Log Analytics workspace."""
    groups = [monitor.DiagnosticsLogSettingsArgs(category_group=group, enabled=True) for group in logs.groups]
    single = [
        monitor.DiagnosticsLogSettingsArgs(category=category, enabled=True) for category in logs.categories
    ]
    return monitor.DiagnosticSetting(
        f"logs of {name}",
        name="azml",
        resource_uri=resource_id,
        workspace_id=log_analytics_id,
        logs=[*groups, *single],
        opts=opts,
    )
