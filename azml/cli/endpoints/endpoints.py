"""The current online endpoints and deployments in Azure.

They are read through ARM with the identity azure-native would use.
"""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from azml.azure.endpoints import API_VERSION, SERVES_TAG, Shares, with_shares
from azml.azure.endpoints import shares as shares_of
from azml.azure.lookup import listed
from azml.cli.failure import CommandError, NotThereError
from azml.cli.stacks.stacks import Connection, WorkspaceName
from azml.findings import did_you_mean

AML_SCOPE = "https://ml.azure.com/.default"
CONFIRM_SECONDS = 60.0


@dataclass(frozen=True)
class OnlineDeployment:
    """One deployment. `properties` is Azure's own record of it, for callers that need more than a status."""

    name: str
    state: str
    instance_type: str
    instance_count: int
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def serves(self) -> str | None:
        """The digest of what it serves, from the stack's tag."""
        return self.tags.get(SERVES_TAG)

    @property
    def most_at_once(self) -> int:
        """Concurrent requests it accepts before it answers 429 (Azure: twice the limit of its instances)."""
        settings = self.properties.get("requestSettings") or {}
        return 2 * self.instance_count * int(settings.get("maxConcurrentRequestsPerInstance") or 1)


@dataclass(frozen=True)
class OnlineEndpoint:
    """One endpoint. Shares are percents; `body` is Azure's own record, which every write has to repeat."""

    workspace: WorkspaceName
    name: str
    state: str
    auth_mode: str
    scoring_uri: str
    traffic: Mapping[str, int]
    mirror_traffic: Mapping[str, int]
    deployments: tuple[OnlineDeployment, ...]
    body: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its ARM id."""
        return f"{self.workspace.id}/onlineEndpoints/{self.name}"

    def deployment(self, name: str) -> OnlineDeployment:
        """The deployment with that name; raises NotThereError with the likeliest name."""
        for found in self.deployments:
            if found.name == name:
                return found
        names = [found.name for found in self.deployments]
        remedy = did_you_mean(name, names) if names else "it has none"
        raise NotThereError(f"endpoint {self.name} has no deployment {name!r}", remedy)


def read_all(connection: Connection) -> list[OnlineEndpoint]:
    """Every online endpoint of the workspace, with its deployments; none where there is no workspace."""
    bodies = list(listed(connection.arm, f"{connection.workspace.id}/onlineEndpoints", API_VERSION))
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(lambda body: _with_deployments(connection, body), bodies))


def read(connection: Connection, name: str) -> OnlineEndpoint:
    """One endpoint with its deployments; raises NotThereError with the likeliest name."""
    body = connection.arm.get(f"{connection.workspace.id}/onlineEndpoints/{name}", API_VERSION)
    if body is None:
        place = f"{connection.workspace.id}/onlineEndpoints"
        names = [str(one["name"]) for one in listed(connection.arm, place, API_VERSION)]
        remedy = did_you_mean(name, names) if names else "it has none; `pulumi up` creates them"
        raise NotThereError(f"workspace {connection.workspace.name} has no endpoint {name!r}", remedy)
    return _with_deployments(connection, body)


def bearer(connection: Connection, endpoint: OnlineEndpoint) -> str:
    """The credential for requests to the endpoint: its primary key or a token, depending on its auth mode."""
    match endpoint.auth_mode.lower():
        case "key":
            return str(connection.arm.post(f"{endpoint.id}/listKeys", API_VERSION)["primaryKey"])
        case "amltoken":
            return str(connection.arm.post(f"{endpoint.id}/token", API_VERSION)["accessToken"])
        case _:
            return connection.arm.token(AML_SCOPE)


def write_traffic(
    connection: Connection, endpoint: OnlineEndpoint, traffic: Mapping[str, int], mirror: Mapping[str, int]
) -> OnlineEndpoint:
    """Give the endpoint these shares and mirror traffic in one write, and read it until they are there.

    The write repeats Azure's whole record: a PUT removes what it leaves out, and a typed client would leave
    out members that its types lack. Azure may show a write late. Raises CommandError when the endpoint has
    other shares a minute later.
    """
    body = with_shares(endpoint.body, Shares(traffic, mirror))
    connection.arm.wait(connection.arm.put(endpoint.id, API_VERSION, body))
    deadline = time.monotonic() + CONFIRM_SECONDS
    while True:
        after = read(connection, endpoint.name)
        if (after.traffic, after.mirror_traffic) == (dict(traffic), dict(mirror)):
            return after
        if time.monotonic() >= deadline:
            raise CommandError(
                f"endpoint {endpoint.name} holds {shares(after.traffic)} after a write of {shares(traffic)}",
                "somebody else may have moved the traffic at the same time: see azml status",
            )
        connection.arm.pause(0.1 if connection.stack.local else 2.0)


def shares(traffic: Mapping[str, int]) -> str:
    """Shares as readable text, largest first."""
    ordered = sorted(traffic.items(), key=lambda share: (-share[1], share[0]))
    return ", ".join(f"{name} {share} %" for name, share in ordered) or "no traffic"


def _with_deployments(connection: Connection, body: Mapping[str, Any]) -> OnlineEndpoint:
    place = f"{connection.workspace.id}/onlineEndpoints/{body['name']}/deployments"
    properties, live = body["properties"], shares_of(body)
    return OnlineEndpoint(
        connection.workspace,
        str(body["name"]),
        str(properties.get("provisioningState") or ""),
        str(properties.get("authMode") or ""),
        str(properties.get("scoringUri") or ""),
        live.traffic,
        live.mirror,
        tuple(sorted(map(_deployment, listed(connection.arm, place, API_VERSION)), key=lambda one: one.name)),
        body,
    )


def _deployment(body: Mapping[str, Any]) -> OnlineDeployment:
    properties = body["properties"]
    return OnlineDeployment(
        str(body["name"]),
        str(properties.get("provisioningState") or ""),
        str(properties.get("instanceType") or ""),
        int((body.get("sku") or {}).get("capacity") or 1),
        body.get("tags") or {},
        properties,
    )
