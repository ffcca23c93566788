"""Deployments whose number of instances Azure Monitor decides: a file that fixed it would put it back."""

from collections.abc import Iterable, Mapping
from typing import Any

from azml.azure.errors import AzureError
from azml.azure.lookup import listed
from azml.azure_native.types import BY_TOKEN
from azml.cli.stacks.stacks import Connection

SETTING = "azure-native:monitor:AutoscaleSetting"


def autoscaled(connection: Connection) -> frozenset[str]:
    """The ids in lower case of what autoscale settings in the workspace's resource group scale.

    Empty where they may not be read.
    """
    workspace = connection.workspace
    group = f"/subscriptions/{workspace.subscription_id}/resourceGroups/{workspace.resource_group}"
    path = f"{group}/providers/Microsoft.Insights/autoscalesettings"
    try:
        return targets(listed(connection.arm, path, BY_TOKEN[SETTING].api_version))
    except AzureError:
        return frozenset()


def targets(listed_settings: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """What the enabled settings scale."""
    settings = (one.get("properties") or {} for one in listed_settings)
    return frozenset(
        str(one.get("targetResourceUri")).lower() for one in settings if one.get("enabled") is not False
    )
