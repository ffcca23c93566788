"""The data for an open page: all endpoints, or one of them with its charts and a log."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from azml.emulator.control.arm.errors import ArmError, bad_request, not_found
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.resource_manager import ResourceManager
from azml.emulator.control.arm.store import Record
from azml.emulator.control.dataplane_client import DataplaneClient
from azml.emulator.control.machinelearning.deployments import LOGS
from azml.emulator.control.machinelearning.endpoints import DEPLOYMENT, ENDPOINT, deployments_of
from azml.emulator.control.monitor.alerts import firing_below
from azml.emulator.control.storage.blobs import BlobStore
from azml.emulator.control.studio import views
from azml.emulator.control.studio.blame import own_line
from azml.emulator.control.studio.rollouts import Rollouts, RolloutView

LOG_LINES = 2_000
LATE_MINUTES = 2
"""Minutes that are requested again: answers are counted with a delay of some seconds."""


@dataclass(frozen=True)
class Log:
    """A log: its deployment's id, and `InferenceServer` or `StorageInitializer`."""

    deployment: str
    container: str


class Looks:
    """Reads resources, and their state in the data plane."""

    def __init__(
        self, service: ResourceManager, dataplane: DataplaneClient, authority: Path, blobs: BlobStore
    ) -> None:
        self._service = service
        self._authority = authority
        self._store = service.store
        self._dataplane = dataplane
        self._rollouts = Rollouts(service.store, blobs)

    async def overview(self, minutes: int) -> Mapping[str, Json]:
        """Every endpoint with its health, and the requests of the last minutes."""
        report = await self._dataplane.metrics(_begin(minutes))
        activity: dict[str, list[Mapping[str, object]]] = defaultdict(list)
        for entry in report:
            activity[str(entry["endpoint"])].append(entry)
        rows = [
            await self._row(record, activity[record.id.key]) for record in self._store.under("", ENDPOINT)
        ]
        return {"endpoints": {"rows": rows, "last": _last_minute(), "minutes": minutes}}

    async def endpoint(self, record: Record) -> views.EndpointView:
        """One endpoint with its deployments."""
        shown = self._service.get(record.id).body or {}
        found = await self._deployments(record)
        return views.endpoint_view(record, shown, found, self._alerts(record), self._authority)

    def rollout(self, endpoint: Record) -> RolloutView | None:
        """The endpoint's latest rollout."""
        return self._rollouts.latest(endpoint)

    async def _row(self, record: Record, activity: list[Mapping[str, object]]) -> Json:
        row = asdict(views.endpoint_row(record, await self._deployments(record), self._alerts(record)))
        rollout = self._rollouts.latest(record)
        return {
            **row,
            "activity": [asdict(minute) for minute in views.activity(activity)],
            "rollout": asdict(rollout) if rollout else None,
        }

    def _alerts(self, endpoint: Record) -> list[views.FiringAlert]:
        return [views.firing_alert(*one) for one in firing_below(endpoint.id.text, self._store)]

    async def _deployments(self, endpoint: Record) -> list[views.DeploymentView]:
        found = deployments_of(endpoint.id.text, self._store).values()
        return [
            views.deployment_view(endpoint, one, await self._dataplane.observe(one.id.key)) for one in found
        ]

    async def minutes(self, record: Record, since: int) -> Json:
        """The answers of its deployments in the minutes from `since` (unix time) on."""
        series = views.minutes(await self._dataplane.metrics(since, record.id.key))
        return {name: [asdict(minute) for minute in found] for name, found in series.items()}

    def log_of(self, deployment: str, container: str) -> "Log":
        """A container's log. Raises ArmError when there is no such deployment or container."""
        if container.lower() not in LOGS:
            raise bad_request(f"'{container}' is not a container: InferenceServer or StorageInitializer.")
        return Log(named(self._store.get, deployment, DEPLOYMENT).id.text, container)

    async def read(self, log: "Log") -> str:
        """The end of a log; empty when its deployment is gone."""
        if (record := self._store.find(log.deployment)) is None:
            return ""
        asked = {"containerType": log.container, "tail": LOG_LINES}
        return str(((await self._service.act(record.id, "getLogs", asked)).body or {}).get("content", ""))

    def find(self, endpoint: str) -> Record:
        """The endpoint with an id. Raises ArmError."""
        return named(self._store.get, endpoint, ENDPOINT)


class Following:
    """Looks at one endpoint; of charts and log it returns only what is new."""

    def __init__(self, looks: Looks, endpoint: str, minutes: int, log: Log | None) -> None:
        self._looks = looks
        self._endpoint = endpoint
        self._minutes = minutes
        self._log = log
        self._since = 0
        self._written: str | None = None
        self._edition = 0

    async def __call__(self) -> Mapping[str, Json]:
        """The next look."""
        try:
            record = self._looks.find(self._endpoint)
        except ArmError:
            return {"gone": {"id": self._endpoint}}
        rollout = self._looks.rollout(record)
        found: dict[str, Json] = {
            "endpoint": asdict(await self._looks.endpoint(record)),
            "rollout": asdict(rollout) if rollout else {},
        }
        if self._minutes:
            found["metrics"] = await self._metrics(record)
        if self._log and (grown := await self._grown(self._log)):
            found["log"] = grown
        return found

    async def _metrics(self, record: Record) -> Json:
        begin, last = _begin(self._minutes), _last_minute()
        minutes = await self._looks.minutes(record, max(begin, self._since))
        self._since = last - LATE_MINUTES * views.MINUTE
        return {"begin": begin, "last": last, "minutes": self._minutes, "deployments": minutes}

    async def _grown(self, log: Log) -> Json | None:
        now = await self._looks.read(log)
        if now == self._written:
            return None
        more = None if self._written is None else added(self._written, now)
        self._written = now
        self._edition += 1
        lead = own_line(now)
        return {
            "edition": self._edition,
            "text": now if more is None else more,
            "whole": more is None,
            "lead": asdict(lead) if lead else None,
        }


def added(before: str, now: str) -> str | None:
    """What `now` has after `before`, both the end of a growing log; None where they do not overlap."""
    if now.startswith(before):
        return now[len(before) :]
    start = before.find("\n")
    while start >= 0:
        rest = before[start + 1 :]
        if rest and now.startswith(rest):
            return now[len(rest) :]
        start = before.find("\n", start + 1)
    return None


def named(get: Callable[[str], Record], text: str, kind: str) -> Record:
    """The resource of a kind with an id. Raises ArmError."""
    record = get(resource_id(text).text)
    if record.id.kind != kind.lower():
        raise not_found(f"'{record.id.name}' is not of type {kind}.")
    return record


def _last_minute() -> int:
    return int(time.time()) // views.MINUTE * views.MINUTE


def _begin(minutes: int) -> int:
    return _last_minute() - (minutes - 1) * views.MINUTE
