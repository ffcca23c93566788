"""What the page shows, from the resources as they are stored."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azml.emulator.arm.json import Json, section
from azml.emulator.arm.store import Record
from azml.emulator.dataplane.contract import ObservedDeployment

MINUTE = 60


@dataclass(frozen=True)
class EndpointRow:
    """One line of the list. `traffic` is in percent."""

    id: str
    name: str
    workspace: str
    resource_group: str
    location: str
    state: str
    traffic: Mapping[str, int]


@dataclass(frozen=True)
class DeploymentView:
    """One deployment. `state` is Azure's, `running` that of its processes, `error` why they failed."""

    id: str
    name: str
    state: str
    running: str
    error: str | None
    instances: int
    ready: int
    instance_type: str
    model: str
    environment: str
    traffic: int
    mirror: int


@dataclass(frozen=True)
class EndpointView:
    """All about one endpoint but its keys."""

    row: EndpointRow
    scoring_uri: str
    swagger_uri: str
    auth_mode: str
    description: str
    tags: Mapping[str, str]
    deployments: Sequence[DeploymentView]


@dataclass(frozen=True)
class Minute:
    """What a deployment answered in the minute that begins at `minute` (unix time); latencies in ms."""

    minute: int
    requests: int
    failures: int
    p50: float
    p95: float


def endpoint_row(record: Record) -> EndpointRow:
    """An endpoint as the list shows it."""
    return EndpointRow(
        id=record.id.text,
        name=record.id.name,
        workspace=record.id.part("workspaces"),
        resource_group=record.id.part("resourceGroups"),
        location=record.location,
        state=record.state,
        traffic=section(record.properties, "traffic"),
    )


def endpoint_view(record: Record, shown: Json, deployments: Sequence[DeploymentView]) -> EndpointView:
    """An endpoint with its deployments; `shown` is what a GET answers."""
    properties = section(shown, "properties")
    return EndpointView(
        row=endpoint_row(record),
        scoring_uri=str(properties["scoringUri"]),
        swagger_uri=str(properties["swaggerUri"]),
        auth_mode=str(properties["authMode"]),
        description=str(properties.get("description") or ""),
        tags=section(shown, "tags"),
        deployments=deployments,
    )


def deployment_view(endpoint: Record, record: Record, observed: ObservedDeployment | None) -> DeploymentView:
    """A deployment as it is stored, and as its processes are."""
    properties = record.properties
    return DeploymentView(
        id=record.id.text,
        name=record.id.name,
        state=record.state,
        running=observed.state if observed else "unknown",
        error=observed.error if observed else None,
        instances=int(section(record.body, "sku").get("capacity", 1)),
        ready=observed.instances_ready if observed else 0,
        instance_type=str(properties.get("instanceType") or ""),
        model=_short(properties.get("model")),
        environment=_short(properties.get("environmentId")),
        traffic=_share(endpoint, "traffic", record.id.name),
        mirror=_share(endpoint, "mirrorTraffic", record.id.name),
    )


def minutes(report: Iterable[Mapping[str, Any]]) -> dict[str, list[Minute]]:
    """What the data plane counted for one endpoint, by deployment."""
    found: dict[str, list[Minute]] = defaultdict(list)
    for entry in report:
        found[str(entry["deployment"])].append(_minute(entry))
    return dict(found)


def _minute(entry: Mapping[str, Any]) -> Minute:
    counts = entry["requests"]
    latency = entry["latency"]
    return Minute(
        minute=int(entry["minute"]),
        requests=sum(count for *_, count in counts),
        failures=sum(count for status, _, count in counts if status >= 400),
        p50=float(latency["p50"]),
        p95=float(latency["p95"]),
    )


def _share(endpoint: Record, kind: str, name: str) -> int:
    shares = section(endpoint.properties, kind)
    return sum(int(share) for other, share in shares.items() if other.lower() == name.lower())


def _short(asset: object) -> str:
    """`name:version` of an asset's id; "" when there is none."""
    segments = str(asset or "").strip("/").split("/")
    if len(segments) < 4 or segments[-2].lower() != "versions":
        return str(asset or "")
    return f"{segments[-3]}:{segments[-1]}"
