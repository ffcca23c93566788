"""The routing table, which the supervisor sends to the router. Always sent whole: a change is atomic."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RoutedInstance:
    """One instance that is ready: a name that is never reused, and the address where it listens.

    `address` is the path of a unix socket, or `127.0.0.1:PORT`.
    """

    name: str
    address: str


@dataclass(frozen=True)
class RoutedDeployment:
    """One deployment with its ready instances, and the limits of its request settings.

    `collect` gives the fraction of the payloads of `request` and `response` that is collected, 0 to 1.
    Requests to `/score` go to `scoring_path`.
    """

    key: str
    name: str
    timeout_ms: int
    concurrency: int
    instances: tuple[RoutedInstance, ...]
    collect: dict[str, float] = field(default_factory=dict)
    capture_headers: tuple[str, ...] = ()
    scoring_path: str = "/score"


@dataclass(frozen=True)
class RoutedEndpoint:
    """One endpoint: its path under the scoring address, who may call it, and the shares in percent."""

    key: str
    path: str
    bearers: tuple[str, ...]
    token_secret: str | None
    traffic: dict[str, int]
    mirror_traffic: dict[str, int]
    deployments: tuple[RoutedDeployment, ...]


@dataclass(frozen=True)
class RoutingTable:
    """Everything that can be reached; `complete` once everything that existed before a restart is in it."""

    endpoints: tuple[RoutedEndpoint, ...] = ()
    complete: bool = True


def from_json(values: dict[str, Any]) -> RoutingTable:
    """The table of a message's JSON."""
    return RoutingTable(tuple(_endpoint(endpoint) for endpoint in values["endpoints"]), values["complete"])


def _endpoint(values: dict[str, Any]) -> RoutedEndpoint:
    deployments = tuple(_deployment(deployment) for deployment in values["deployments"])
    return RoutedEndpoint(**{**values, "bearers": tuple(values["bearers"]), "deployments": deployments})


def _deployment(values: dict[str, Any]) -> RoutedDeployment:
    instances = tuple(RoutedInstance(**instance) for instance in values["instances"])
    headers = tuple(values.get("capture_headers") or ())
    return RoutedDeployment(**{**values, "instances": instances, "capture_headers": headers})


def line(message: dict[str, Any]) -> bytes:
    """A message between supervisor and router: one line of JSON. It may contain a table."""
    # Not `asdict`, which copies everything: a start sends a table for each instance that becomes ready.
    return json.dumps(message, separators=(",", ":"), default=vars).encode() + b"\n"
