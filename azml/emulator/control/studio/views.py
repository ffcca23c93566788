"""The data that the page shows, from the stored resources."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azml.emulator.contract.deployments import ObservedDeployment
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.store import Record
from azml.emulator.control.monitor.alert_states import Alert
from azml.emulator.control.studio.blame import OwnLine, own_line
from azml.emulator.control.studio.health import Health, SlotState, endpoint_health

MINUTE = 60
FROM_MODEL = "from the model"
"""The environment of an MLflow model without code: Azure builds it from the model's own conda.yaml."""


@dataclass(frozen=True)
class FiringAlert:
    """An alert that fires: its rule, Azure's severity, the condition in words, and since when (unix time)."""

    rule: str
    severity: int
    words: str
    since: float


@dataclass(frozen=True)
class EndpointRow:
    """One endpoint of the overview. `traffic` and `mirror` are in percent, `deployments` a number."""

    id: str
    name: str
    workspace: str
    resource_group: str
    location: str
    state: str
    health: Health
    traffic: Mapping[str, int]
    mirror: Mapping[str, int]
    deployments: int
    alerts: Sequence[FiringAlert]


@dataclass(frozen=True)
class DeploymentView(SlotState):
    """One deployment. `error` is why its processes failed, `lead` the user's own line of code in it."""

    id: str
    error: str | None
    lead: OwnLine | None
    instance_type: str
    model: str
    environment: str
    mirror: int


@dataclass(frozen=True)
class EndpointView:
    """One endpoint, without its keys. `authority` is the certificate file that a client must trust."""

    row: EndpointRow
    scoring_uri: str
    authority: str
    auth_mode: str
    kubernetes: bool
    description: str
    tags: Mapping[str, str]
    deployments: Sequence[DeploymentView]


@dataclass(frozen=True)
class Minute:
    """A deployment's answers in the minute that begins at `minute` (unix time); latencies in ms.

    `failed` counts the answers of 400 and above by their status.
    """

    minute: int
    requests: int
    failed: Mapping[int, int]
    p50: float
    p95: float


@dataclass(frozen=True)
class Activity:
    """An endpoint's answers in the minute that begins at `minute` (unix time)."""

    minute: int
    requests: int
    failures: int


def firing_alert(record: Record, alert: Alert) -> FiringAlert:
    """An alert of a rule, for people: the rule's description, or the series where it has none."""
    series = ", ".join(f"{name} {value}" for name, value in alert.dimensions.items())
    words = str(record.properties.get("description") or "")
    description = f"{words} ({series})" if words and series else words or series
    return FiringAlert(record.id.name, int(record.properties["severity"]), description, alert.fired)


def endpoint_row(
    record: Record, deployments: Sequence[DeploymentView], alerts: Sequence[FiringAlert]
) -> EndpointRow:
    """An endpoint's row in the overview."""
    return EndpointRow(
        id=record.id.text,
        name=record.id.name,
        workspace=record.id.part("workspaces"),
        resource_group=record.id.part("resourceGroups"),
        location=record.location,
        state=record.state,
        health=endpoint_health(record.state, deployments, [one.rule for one in alerts]),
        traffic={one.name: one.traffic for one in deployments if one.traffic},
        mirror={one.name: one.mirror for one in deployments if one.mirror},
        deployments=len(deployments),
        alerts=alerts,
    )


def endpoint_view(
    record: Record,
    shown: Json,
    deployments: Sequence[DeploymentView],
    alerts: Sequence[FiringAlert],
    authority: Path,
) -> EndpointView:
    """An endpoint with its deployments; `shown` is the answer to a GET."""
    properties = section(shown, "properties")
    return EndpointView(
        row=endpoint_row(record, deployments, alerts),
        scoring_uri=str(properties["scoringUri"]),
        authority=str(authority),
        auth_mode=str(properties["authMode"]),
        kubernetes=bool(properties.get("compute")),
        description=str(properties.get("description") or ""),
        tags=section(shown, "tags"),
        deployments=deployments,
    )


def deployment_view(endpoint: Record, record: Record, observed: ObservedDeployment | None) -> DeploymentView:
    """A deployment's stored state, with the state of its processes."""
    properties = record.properties
    error = observed.error if observed else None
    return DeploymentView(
        id=record.id.text,
        name=record.id.name,
        state=record.state,
        running=observed.state if observed else "unknown",
        error=error,
        lead=own_line(error) if error else None,
        instances=int(section(record.body, "sku").get("capacity", 1)),
        ready=observed.instances_ready if observed else 0,
        instance_type=str(properties.get("instanceType") or ""),
        model=_short(properties.get("model")),
        environment=_environment(properties),
        traffic=_share(endpoint, "traffic", record.id.name),
        mirror=_share(endpoint, "mirrorTraffic", record.id.name),
    )


def minutes(report: Iterable[Mapping[str, Any]]) -> dict[str, list[Minute]]:
    """The data plane's counts for one endpoint, by deployment."""
    found: dict[str, list[Minute]] = defaultdict(list)
    for entry in report:
        found[str(entry["deployment"])].append(_minute(entry))
    return dict(found)


def activity(report: Iterable[Mapping[str, Any]]) -> list[Activity]:
    """The data plane's counts for one endpoint by minute, for all deployments together."""
    found: dict[int, Activity] = {}
    for entry in report:
        one = _minute(entry)
        before = found.get(one.minute, Activity(one.minute, 0, 0))
        failures = before.failures + sum(one.failed.values())
        found[one.minute] = Activity(one.minute, before.requests + one.requests, failures)
    return list(found.values())


def _minute(entry: Mapping[str, Any]) -> Minute:
    failed: Counter[int] = Counter()
    for status, _, count in entry["requests"]:
        if status >= 400:
            failed[status] += count
    return Minute(
        minute=int(entry["minute"]),
        requests=sum(count for *_, count in entry["requests"]),
        failed=dict(failed),
        p50=float(entry["latency"]["p50"]),
        p95=float(entry["latency"]["p95"]),
    )


def _environment(properties: Json) -> str:
    named = _short(properties.get("environmentId"))
    own_server = not named and not section(properties, "codeConfiguration").get("codeId")
    return FROM_MODEL if own_server else named


def _share(endpoint: Record, kind: str, name: str) -> int:
    shares = section(endpoint.properties, kind)
    return sum(int(share) for other, share in shares.items() if other.lower() == name.lower())


def _short(asset: object) -> str:
    """`name:version` of an asset's id; "" when there is none."""
    segments = str(asset or "").strip("/").split("/")
    if len(segments) < 4 or segments[-2].lower() != "versions":
        return str(asset or "")
    return f"{segments[-3]}:{segments[-1]}"
