"""The alerts that fire on the endpoints of a workspace, as Azure's alert management lists them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azml.azure.errors import AzureError
from azml.cli.failure import CommandError
from azml.cli.stacks.stacks import Connection

ALERTS_VERSION = "2019-03-01"
"""Of Microsoft.AlertsManagement."""
PAGE = "250"
"""The most alerts that an answer may have."""


@dataclass(frozen=True)
class FiringAlert:
    """One alert: its rule, Azure's severity (`Sev0` to `Sev4`), its condition in words, and since when."""

    rule: str
    severity: str
    description: str
    since: str


def firing(connection: Connection) -> dict[str, list[FiringAlert]]:
    """The firing alerts by endpoint, in lower case. Raises CommandError where they cannot be read."""
    workspace = connection.workspace
    group = f"/subscriptions/{workspace.subscription_id}/resourceGroups/{workspace.resource_group}"
    path = f"{group}/providers/Microsoft.AlertsManagement/alerts"
    try:
        answer = (
            connection.arm.get(path, ALERTS_VERSION, {"monitorCondition": "Fired", "pageCount": PAGE}) or {}
        )
    except AzureError as refused:
        raise CommandError(f"the alerts cannot be read: {refused}") from refused
    return by_endpoint(answer, workspace.id)


def by_endpoint(answer: Mapping[str, Any], workspace_id: str) -> dict[str, list[FiringAlert]]:
    """The alerts in an answer that are on endpoints of the workspace or their deployments."""
    found: dict[str, list[FiringAlert]] = {}
    above = f"{workspace_id}/onlineEndpoints/".lower()
    for one in answer.get("value") or ():
        essentials = (one.get("properties") or {}).get("essentials") or {}
        target = str(essentials.get("targetResource") or "").lower()
        if target.startswith(above):
            endpoint = target.removeprefix(above).partition("/")[0]
            rule = str(essentials.get("alertRule") or "").rpartition("/")[2]
            words = (str(essentials.get(key) or "") for key in ("severity", "description", "startDateTime"))
            found.setdefault(endpoint, []).append(FiringAlert(rule, *words))
    return found
