"""Queries to a Log Analytics workspace for what Application Insights has of one request.

The tables are those of workspace-based components: learn.microsoft.com, "AppRequests" and "AppTraces" in the
Azure Monitor Logs reference.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from azml.emulator.control.arm.application_insights import COMPONENT
from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.monitor.telemetry import Item, Telemetry

_TIME = r"datetime\(([-0-9T:.]+Z)\)"
_REQUESTS = re.compile(
    rf"AppRequests \| where TimeGenerated >= {_TIME} and _ResourceId =~ '([^']+)' "
    r"\| where tostring\(Properties\['Client Request Id'\]\) == '([-\w]+)' "
    r"\| project TimeGenerated, Started = tostring\(Properties\['start_time'\]\), "
    r"Status = tostring\(Properties\['resultCode'\]\), Duration = tostring\(Properties\['duration'\]\), "
    r"AppRoleName, AppRoleInstance"
)
_TRACES = re.compile(
    rf"AppTraces \| where TimeGenerated between \({_TIME} \.\. {_TIME}\) and _ResourceId =~ '([^']+)' "
    r"\| where AppRoleName == '([^']*)' and AppRoleInstance == '([^']*)' "
    r"\| project TimeGenerated, Message \| sort by TimeGenerated asc \| take (\d+)"
)
_REQUEST_COLUMNS = ("Started", "Status", "Duration", "AppRoleName", "AppRoleInstance")
_PROPERTIES = ("start_time", "resultCode", "duration")


@dataclass(frozen=True)
class ApplicationLogs:
    """Answers two queries: a request by its client's id, and what an instance traced in a span of time."""

    store: ResourceStore
    telemetry: Telemetry

    def answer(self, query: str, logs: Record) -> Json | None:
        """The table; None for another query. Raises ArmError for what is no time."""
        if asked := _REQUESTS.fullmatch(query):
            since, component, request = asked.groups()
            rows = list(self._requests(logs, component, moment(since), request))
            return _table(_REQUEST_COLUMNS, rows)
        if asked := _TRACES.fullmatch(query):
            start, end, component, role, instance, most = asked.groups()
            span = moment(start), moment(end)
            rows = sorted(self._traces(logs, component, span, (role, instance)))[: int(most)]
            return _table(("Message",), rows)
        return None

    def _requests(self, logs: Record, component: str, since: float, request: str) -> Iterator[list[Any]]:
        for item in self._items(logs, component, "RequestData"):
            if item.time >= since and item.properties.get("Client Request Id") == request:
                reply = [item.properties.get(name, "") for name in _PROPERTIES]
                yield [_shown(item.time), *reply, item.role, item.instance]

    def _traces(
        self, logs: Record, component: str, span: tuple[float, float], source: tuple[str, str]
    ) -> Iterator[list[Any]]:
        for item in self._items(logs, component, "MessageData"):
            if span[0] <= item.time <= span[1] and (item.role, item.instance) == source:
                yield [_shown(item.time), item.text]

    def _items(self, logs: Record, component: str, kind: Any) -> list[Item]:
        """A component's items, if that sends them to this workspace."""
        found = self.store.find(component)
        if found is None or found.id.kind != COMPONENT.lower():
            return []
        sends = str(found.properties.get("WorkspaceResourceId") or "").lower() == logs.id.key
        return self.telemetry.of(found.id.key, kind) if sends else []


def _table(columns: tuple[str, ...], rows: list[list[Any]]) -> Json:
    described = [
        {"name": "TimeGenerated", "type": "datetime"},
        *({"name": name, "type": "string"} for name in columns),
    ]
    return {"name": "PrimaryResult", "columns": described, "rows": rows}


def moment(text: str) -> float:
    """The time in a query, in seconds since 1970. Raises ArmError for what is no time."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise bad_request(f"'{text}' is not a time.", "BadArgumentError") from None


def _shown(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
