"""Queries to a Log Analytics workspace: those that this project's commands ask, and no others.

One counts an online endpoint's requests in its traffic log.

A workspace has the rows of the endpoints whose diagnostic settings send AmlOnlineEndpointTrafficLog there.
Columns: learn.microsoft.com, "AmlOnlineEndpointTrafficLog"; the answer's form: "Query - Execute". Azure says
that a row arrives some minutes after its request ("Log data ingestion time in Azure Monitor"): here a test
says how many.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from azml.emulator.control.arm.answer import Answer
from azml.emulator.control.arm.clock import Clock
from azml.emulator.control.arm.errors import ArmError, bad_request
from azml.emulator.control.arm.ids import ResourceId, resource_id
from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.pages import Page, Question
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.dataplane_client import DataplaneClient, DataplaneError
from azml.emulator.control.monitor.application_logs import ApplicationLogs, moment
from azml.emulator.control.monitor.definitions import ENDPOINT
from azml.emulator.control.monitor.query import iso

LOGS = "Microsoft.OperationalInsights/workspaces"
SETTINGS = "Microsoft.Insights/diagnosticSettings"
MINUTE = 60
_CATEGORY = "amlonlineendpointtrafficlog"
_QUERY = re.compile(
    r"AmlOnlineEndpointTrafficLog \| where TimeGenerated >= datetime\((?P<since>[-0-9T:.]+Z)\) "
    r"\| where EndpointName =~ '(?P<endpoint>[\w-]+)' and AzureMLWorkspaceName =~ '(?P<workspace>[\w-]+)' "
    r"and _SubscriptionId =~ '(?P<subscription>[\w-]+)' "
    r"\| summarize Requests = count\(\), Slow = countif\(TotalDurationMs > (?P<milliseconds>\d+(\.\d+)?)\) "
    r"by DeploymentName, Minute = bin\(TimeGenerated, 1m\)"
)
_COLUMNS = (("DeploymentName", "string"), ("Minute", "datetime"), ("Requests", "long"), ("Slow", "long"))


@dataclass
class IngestionDelay:
    """How many seconds after its minute has ended a row can be found; 0 is at once."""

    late_seconds: float = 0.0

    def shows(self, minute: float, now: float) -> bool:
        """Whether the rows of a minute have arrived."""
        return not self.late_seconds or minute + MINUTE + self.late_seconds <= now


class LogQueries:
    """Answers the query of rollouts, and those about Application Insights; any other is refused."""

    def __init__(
        self, store: ResourceStore, dataplane: DataplaneClient, clock: Clock, applications: ApplicationLogs
    ) -> None:
        self.ingestion = IngestionDelay()
        self._store = store
        self._dataplane = dataplane
        self._clock = clock
        self._applications = applications

    def pages(self) -> list[Page]:
        """The page that takes queries."""
        group = "/subscriptions/{subscription}/resourceGroups/{group}"
        return [Page("POST", f"{group}/providers/{LOGS}/{{workspace}}/query", self._answer)]

    async def _answer(self, question: Question) -> Answer:
        parts = question.parts
        group = f"/subscriptions/{parts['subscription']}/resourceGroups/{parts['group']}"
        logs = self._store.get(f"{group}/providers/{LOGS}/{parts['workspace']}")
        query = str(question.body.get("query"))
        asked = _QUERY.fullmatch(query)
        table = await self._traffic(logs, asked) if asked else self._applications.answer(query, logs)
        if table is None:
            message = "The local Azure answers no queries but those of azml's rollouts and invoke --traces."
            raise bad_request(message, "BadArgumentError")
        return Answer(200, {"tables": [table]})

    async def _traffic(self, logs: Record, asked: re.Match[str]) -> Json:
        since = moment(asked["since"])
        rows = [row for one in self._sources(logs, asked) for row in await self._rows(one, asked, since)]
        columns = [{"name": name, "type": kind} for name, kind in _COLUMNS]
        return {"name": "PrimaryResult", "columns": columns, "rows": rows}

    def _sources(self, logs: Record, asked: re.Match[str]) -> Iterator[ResourceId]:
        """The endpoint that is asked for, where its log comes to this workspace."""
        for setting in self._store.under("", SETTINGS):
            source = resource_id(setting.id.parent)
            names = source.part("subscriptions"), source.part("workspaces"), source.name
            wanted = asked["subscription"], asked["workspace"], asked["endpoint"]
            is_asked_for = source.kind == ENDPOINT.lower() and _lower(names) == _lower(wanted)
            if is_asked_for and _sends(setting.properties, logs.id.key):
                yield source

    async def _rows(self, endpoint: ResourceId, asked: re.Match[str], since: float) -> list[list[Any]]:
        try:
            found = await self._dataplane.slow(since, endpoint.key, float(asked["milliseconds"]))
        except DataplaneError as error:
            raise ArmError(503, "ServiceUnavailable", str(error)) from error
        now = self._clock.wall()
        return [
            [one["deployment"], iso(one["minute"]), one["requests"], one["slow"]]
            for one in found
            if self.ingestion.shows(one["minute"], now)
        ]


def _lower(names: tuple[str, ...]) -> list[str]:
    return [name.lower() for name in names]


def _sends(properties: Json, logs: str) -> bool:
    if str(properties.get("workspaceId") or "").lower() != logs:
        return False
    enabled = [one for one in properties.get("logs") or () if one.get("enabled")]
    return any(
        str(one.get("category")).lower() == _CATEGORY or str(one.get("categoryGroup")).lower() == "alllogs"
        for one in enabled
    )
