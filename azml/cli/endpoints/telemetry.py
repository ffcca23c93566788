"""What Application Insights has of one request, and of what its scoring script printed meanwhile.

A deployment with `app_insights_enabled` sends telemetry to the component of its workspace, which keeps it in
tables of a Log Analytics workspace. Columns: learn.microsoft.com, "AppRequests" and "AppTraces" in the Azure
Monitor Logs reference; the properties of a request are those that azureml-inference-server-http 1.5 writes
(`log_request` of its `appinsights_client.py`). The local Azure answers the same queries.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, TypeVar

from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION
from azml.azure.log_analytics import literal, rows
from azml.cli.failure import CommandError
from azml.cli.stacks.stacks import Connection

Found = TypeVar("Found")
COMPONENT_VERSION = "2020-02-02"
REQUEST_SECONDS = 600.0
"""How long a request is waited for: Azure says that a row takes 2 to 5 minutes."""
SKEW = timedelta(minutes=10)
"""How far this machine's clock may be from Azure's."""
REQUESTS = (
    "AppRequests | where TimeGenerated >= datetime({since}) and _ResourceId =~ '{component}' "
    "| where tostring(Properties['Client Request Id']) == '{request}' "
    "| project TimeGenerated, Started = tostring(Properties['start_time']), "
    "Status = tostring(Properties['resultCode']), Duration = tostring(Properties['duration']), "
    "AppRoleName, AppRoleInstance"
)
TRACES = (
    "AppTraces | where TimeGenerated between (datetime({start}) .. datetime({end})) "
    "and _ResourceId =~ '{component}' "
    "| where AppRoleName == '{role}' and AppRoleInstance == '{instance}' "
    "| project TimeGenerated, Message | sort by TimeGenerated asc | take 200"
)


@dataclass(frozen=True)
class Telemetry:
    """A component by its ARM id, and the Log Analytics workspace that it sends to."""

    arm: Arm
    component: str
    logs: str

    def request(self, client_id: str, sent: datetime) -> dict[str, Any] | None:
        """The row of a request, by the id it was sent with; None until it arrives. Raises AzureError."""
        asked = REQUESTS.format(
            since=_shown(sent - SKEW), component=literal(self.component), request=literal(client_id)
        )
        return next(rows(self.arm, self.logs, asked), None)

    def traces(self, request: dict[str, Any]) -> list[str]:
        """What the instance that answered a request traced from its start to its end. Raises AzureError."""
        asked = TRACES.format(
            start=request["Started"] or request["TimeGenerated"],
            end=request["TimeGenerated"],
            component=literal(self.component),
            role=literal(request["AppRoleName"]),
            instance=literal(request["AppRoleInstance"]),
        )
        return [str(row["Message"]) for row in rows(self.arm, self.logs, asked)]


def find(connection: Connection) -> Telemetry:
    """Where the workspace's deployments send telemetry. Raises CommandError where it cannot be queried."""
    workspace = connection.arm.get(connection.workspace.id, API_VERSION) or {}
    component = str((workspace.get("properties") or {}).get("applicationInsights") or "")
    body = connection.arm.get(component, COMPONENT_VERSION) if component else None
    logs = str(((body or {}).get("properties") or {}).get("WorkspaceResourceId") or "")
    if not logs:
        text = (
            f"the Application Insights of the workspace {connection.workspace.name} sends to no Log Analytics"
        )
        raise CommandError(text, "give the component a Log Analytics workspace, or look in the Azure portal")
    return Telemetry(connection.arm, component, logs)


def arrived(
    telemetry: Telemetry, client_id: str, sent: datetime, pause: Callable[[], None], patience: float
) -> Iterator[str]:
    """Wait for a request, then for its traces, at most `patience` seconds; yields lines that describe them.

    Raises CommandError where the request does not arrive.
    """
    request = _waited(lambda: telemetry.request(client_id, sent), REQUEST_SECONDS, pause)
    if request is None:
        raise CommandError(
            f"Application Insights had no request {client_id} after {REQUEST_SECONDS / 60:.0f} minutes",
            "see docs/scaling-and-alerts.md: a private network needs a private link scope",
        )
    yield f"{request['TimeGenerated']} status {request['Status']}, {request['Duration']}"
    traces = _waited(lambda: telemetry.traces(request), patience, pause)
    yield from traces or [f"no trace within {patience:.0f} s: the scoring script printed nothing meanwhile"]


def _waited(look: Callable[[], Found], seconds: float, pause: Callable[[], None]) -> Found:
    deadline = monotonic() + seconds
    while not (found := look()) and monotonic() < deadline:
        pause()
    return found


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
