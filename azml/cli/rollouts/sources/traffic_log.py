"""The log of an online endpoint's single requests, where a diagnostic setting sends it to Log Analytics.

Columns: learn.microsoft.com, "AmlOnlineEndpointTrafficLog" in the Azure Monitor Logs reference. One query is
asked, and the local Azure answers the same one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from azml.azure import log_analytics
from azml.azure.errors import AzureError
from azml.azure.log_analytics import literal
from azml.cli.rollouts.sources.counts import Cell
from azml.cli.rollouts.sources.metrics import seconds_of
from azml.cli.stacks.stacks import Connection
from azml.rollout.driving.ports import Unavailable
from azml.rollout.statistics.comparison import Seen

TABLE = "AmlOnlineEndpointTrafficLog"
"""The category of the log, and the table it comes to."""
SETTINGS_VERSION = "2021-05-01-preview"
COLUMNS = ("DeploymentName", "Minute", "Requests", "Slow")
QUERY = (
    f"{TABLE} "
    "| where TimeGenerated >= datetime({since}) "
    "| where EndpointName =~ '{endpoint}' and AzureMLWorkspaceName =~ '{workspace}' "
    "and _SubscriptionId =~ '{subscription}' "
    "| summarize Requests = count(), Slow = countif(TotalDurationMs > {milliseconds}) "
    "by DeploymentName, Minute = bin(TimeGenerated, 1m)"
)
"""The requests of each minute and deployment, and those that took longer than `milliseconds`."""


@dataclass(frozen=True)
class TrafficLog:
    """The log of the endpoint called `name`, in the Log Analytics workspace with the ARM id `logs`."""

    connection: Connection
    logs: str
    name: str

    def slow(self, seconds: float, since: float) -> dict[Cell, Seen]:
        """Requests by minute and deployment since a time, and those slower than `seconds`.

        A row is there some minutes after its request. Raises Unavailable.
        """
        try:
            found = log_analytics.rows(self.connection.arm, self.logs, self._query(seconds, since))
            return dict(map(_cell, found))
        except AzureError as failed:
            raise Unavailable(f"Log Analytics did not answer: {failed}") from failed
        except (KeyError, TypeError, ValueError) as wrong:
            raise Unavailable(f"Log Analytics gave an answer in an unexpected form: {wrong!r}") from wrong

    def _query(self, seconds: float, since: float) -> str:
        workspace = self.connection.workspace
        return QUERY.format(
            since=f"{datetime.fromtimestamp(since, UTC):%Y-%m-%dT%H:%M:%SZ}",
            endpoint=literal(self.name),
            workspace=literal(workspace.name),
            subscription=literal(workspace.subscription_id),
            milliseconds=f"{seconds * 1000:.3f}",
        )


def find(connection: Connection, endpoint_id: str) -> TrafficLog | None:
    """The log of the endpoint with this ARM id; None where no setting sends it. Raises AzureError."""
    place = f"{endpoint_id}/providers/Microsoft.Insights/diagnosticSettings"
    found = connection.arm.get(place, SETTINGS_VERSION) or {}
    for setting in found.get("value") or ():
        properties = setting.get("properties") or {}
        if properties.get("workspaceId") and any(map(_sends, properties.get("logs") or ())):
            return TrafficLog(connection, str(properties["workspaceId"]), endpoint_id.rpartition("/")[2])
    return None


def _sends(log: Mapping[str, Any]) -> bool:
    names = str(log.get("category")).lower(), str(log.get("categoryGroup")).lower()
    return bool(log.get("enabled")) and (names[0] == TABLE.lower() or names[1] == "alllogs")


def _cell(row: Mapping[str, Any]) -> tuple[Cell, Seen]:
    deployment, minute, requests, slow = (row[name] for name in COLUMNS)
    return (seconds_of(str(minute)), str(deployment).lower()), Seen(int(requests), int(slow))
