"""Pulumi component resources for models on Azure ML online endpoints, for any program: see examples/.

The first access to a name loads its module and with it azure-native's SDK, which takes half a second.
`load` loads everything, for a program that is waiting for something else anyway.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .alerts import Alerts, AlertsArgs
    from .assets import Assets, AssetsArgs
    from .autoscale import Autoscale, AutoscaleArgs
    from .deployment import Deployment, DeploymentArgs
    from .endpoint import Endpoint, EndpointArgs
    from .live_slots import LiveSlots, LiveSlotsArgs
    from .managed_identity import ManagedIdentity, ManagedIdentityArgs
    from .plugin import Plugin
    from .purge import PurgeOnDelete, PurgeOnDeleteArgs
    from .receivers import AlertReceivers, AlertReceiversArgs
    from .roles import RoleGrant, RoleGrantArgs
    from .traffic import EndpointTraffic, EndpointTrafficArgs
    from .uploads import BundleUpload, BundleUploadArgs
    from .workbook import EndpointWorkbook, EndpointWorkbookArgs
    from .workspace import Workspace
    from .workspace_args import (
        DiagnosticsArgs,
        ExistingStorageArgs,
        ExistingWorkspaceArgs,
        UserIdentityArgs,
        WorkspaceArgs,
    )

__all__ = [
    "AlertReceivers",
    "AlertReceiversArgs",
    "Alerts",
    "AlertsArgs",
    "Assets",
    "AssetsArgs",
    "Autoscale",
    "AutoscaleArgs",
    "BundleUpload",
    "BundleUploadArgs",
    "Deployment",
    "DeploymentArgs",
    "DiagnosticsArgs",
    "Endpoint",
    "EndpointArgs",
    "EndpointTraffic",
    "EndpointTrafficArgs",
    "EndpointWorkbook",
    "EndpointWorkbookArgs",
    "ExistingStorageArgs",
    "ExistingWorkspaceArgs",
    "LiveSlots",
    "LiveSlotsArgs",
    "ManagedIdentity",
    "ManagedIdentityArgs",
    "Plugin",
    "PurgeOnDelete",
    "PurgeOnDeleteArgs",
    "RoleGrant",
    "RoleGrantArgs",
    "UserIdentityArgs",
    "Workspace",
    "WorkspaceArgs",
]

_MODULES = {
    "AlertReceivers": "receivers",
    "Alerts": "alerts",
    "Assets": "assets",
    "Autoscale": "autoscale",
    "BundleUpload": "uploads",
    "Deployment": "deployment",
    "Diagnostics": "workspace_args",
    "Endpoint": "endpoint",
    "EndpointTraffic": "traffic",
    "EndpointWorkbook": "workbook",
    "ExistingStorageArgs": "workspace_args",
    "ExistingWorkspaceArgs": "workspace_args",
    "LiveSlots": "live_slots",
    "ManagedIdentity": "managed_identity",
    "Plugin": "plugin",
    "PurgeOnDelete": "purge",
    "RoleGrant": "roles",
    "UserIdentity": "workspace_args",
    "Workspace": "workspace",
    "WorkspaceArgs": "workspace_args",
}
_SDK = (
    *("machinelearningservices", "storage", "keyvault", "operationalinsights", "applicationinsights"),
    "resources",
)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"{__name__} has no {name}")
    module = _MODULES.get(name) or _MODULES[name.removesuffix("Args")]
    return getattr(import_module(f"{__name__}.{module}"), name)


def load() -> None:
    """Load every component and the parts of azure-native's SDK that every stack uses."""
    for module in sorted(set(_MODULES.values())):
        import_module(f"{__name__}.{module}")
    for part in _SDK:
        # Each part of the SDK loads on first access.
        hasattr(import_module(f"pulumi_azure_native.{part}"), "outputs")
