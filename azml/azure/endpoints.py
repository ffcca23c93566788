"""Online endpoints and deployments, for every package here: shares, tags, states and the whole body.

Nothing here contacts Azure.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from azml.rules import arm_ids
from azml.served import digest_of_body

API_VERSION = "2025-12-01"
"""The API version of Microsoft.MachineLearningServices that azure-native 3.29 uses."""
ALLOW_VARIABLE = "AZML_ALLOW_LIVE_CHANGE"
"""The environment variable naming the endpoints whose live deployments may change; read at each run."""
SERVES_TAG = "azml-serves"
"""A deployment's tag with the digest of what it serves: the stack sets it, the live-slot guard reads it."""

_ID = arm_ids(
    r"/providers/Microsoft\.MachineLearningServices/workspaces/[^/]+/onlineEndpoints/(?P<name>[^/]+)"
)
# Members Azure returns but does not accept (Microsoft.MachineLearningServices 2025-12-01, OnlineEndpoint).
_READ_ONLY = ("id", "name", "type", "systemData", "etag")
_READ_ONLY_PROPERTIES = ("scoringUri", "swaggerUri", "provisioningState", "compatibility", "keys")
_READ_ONLY_IDENTITY = ("principalId", "tenantId")


@dataclass(frozen=True)
class Shares:
    """Percent of the requests by deployment, answered (`traffic`) and mirrored (`mirror`); no zeros."""

    traffic: Mapping[str, int] = field(default_factory=dict)
    mirror: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Slot:
    """A deployment: its state in lower case, the digest of what it serves if it is known, and its size.

    `tagged` says whether the digest is from the stack's tag; else it is from the deployment's own properties.
    """

    state: str
    serves: str | None
    instance_type: str | None = None
    tagged: bool = True


def endpoint_name(endpoint_id: str) -> str | None:
    """The name in an endpoint's ARM id; None when it is not an endpoint's id."""
    match = _ID.fullmatch(endpoint_id)
    return match["name"] if match else None


def shares(endpoint: Mapping[str, Any]) -> Shares:
    """The shares in an endpoint's body."""
    properties = endpoint.get("properties") or {}
    return Shares(positive(properties.get("traffic")), positive(properties.get("mirrorTraffic")))


def positive(weights: Mapping[str, Any] | None) -> dict[str, int]:
    """Shares without zeros, as Azure keeps them."""
    return {name: int(share) for name, share in (weights or {}).items() if share}


def state(resource: Mapping[str, Any]) -> str:
    """The provisioning state in lower case; empty when there is none."""
    return str((resource.get("properties") or {}).get("provisioningState") or "").lower()


def with_shares(endpoint: Mapping[str, Any], wanted: Shares) -> dict[str, Any]:
    """The body that writes the endpoint back unchanged but for its shares: Azure offers no smaller write."""
    body = copy.deepcopy(dict(endpoint))
    for key in _READ_ONLY:
        body.pop(key, None)
    properties = body.setdefault("properties", {})
    for key in _READ_ONLY_PROPERTIES:
        properties.pop(key, None)
    properties["traffic"] = dict(sorted(wanted.traffic.items()))
    properties["mirrorTraffic"] = dict(sorted(wanted.mirror.items()))
    if isinstance(body.get("identity"), dict):
        body["identity"] = _identity(body["identity"])
    return body


def _identity(identity: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in identity.items() if key not in _READ_ONLY_IDENTITY}
    if isinstance(kept.get("userAssignedIdentities"), dict):
        kept["userAssignedIdentities"] = {name: {} for name in kept["userAssignedIdentities"]}
    return kept


def deployment_id(endpoint_id: str, name: str) -> str:
    """The ARM id of a deployment of the endpoint with that id."""
    return f"{endpoint_id}/deployments/{name}"


def slot(body: Mapping[str, Any]) -> Slot:
    """The deployment with this body."""
    properties = body.get("properties") or {}
    tag = (body.get("tags") or {}).get(SERVES_TAG)
    serves = tag or digest_of_body(body)
    return Slot(state(body), serves, properties.get("instanceType"), tag is not None)
