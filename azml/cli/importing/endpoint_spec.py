"""An endpoint as Azure has it, as the spec of an endpoint file; what such a file cannot say is a reason."""

from collections.abc import Iterator, Mapping
from typing import Any

from azml import rules
from azml.azure.endpoints import SERVES_TAG
from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.server_owned import RETRY_TAG, is_azures, users_own
from azml.specs import EndpointSpec, Identity
from azml.stack.checks.immutable import AUTH_MODES, auth_mode_of

SCHEMA = "https://azuremlschemas.azureedge.net/latest/{kind}OnlineEndpoint.schema.json"
_SAID = frozenset({"authmode", "compute", "description", "properties", "publicnetworkaccess"})
_AZURES = frozenset({"scoringuri", "swaggeruri", "provisioningstate", "compatibility", "keys"})
_SHARES = frozenset({"traffic", "mirrortraffic"})


def read_endpoint_spec(endpoint: OnlineEndpoint) -> EndpointSpec:
    """The spec of its own file, without the shares, which are the stack file's.

    What cannot be said has Azure's default here; `unsayable` names it.
    """
    properties = endpoint.body["properties"]
    compute = str(properties.get("compute") or "")
    own = f"{endpoint.workspace.id}/computes/".lower()
    return EndpointSpec(
        name=endpoint.name,
        kind="kubernetes" if compute else "managed",
        auth_mode=auth_mode_of(endpoint.auth_mode) or "key",
        description=properties.get("description"),
        tags=users_own(endpoint.body.get("tags") or {}, (SERVES_TAG, RETRY_TAG)),
        properties={
            name: value for name, value in (properties.get("properties") or {}).items() if not is_azures(name)
        },
        compute=(compute[len(own) :] if compute.lower().startswith(own) else compute) or None,
        identity=_identity(endpoint.body.get("identity") or {}),
        public_network_access="disabled" if _access(properties) == "disabled" else None,
    )


def endpoint_document(spec: EndpointSpec) -> dict[str, Any]:
    """The contents of its file, as CLI v2 YAML has them. What has Azure's default is left out."""
    kind = "kubernetes" if spec.kind == "kubernetes" else "managed"
    identity: dict[str, Any] | None = None
    if spec.identity is not None:
        users = [{"resource_id": one} for one in spec.identity.user_assigned_identities]
        identity = {"type": spec.identity.type, **({"user_assigned_identities": users} if users else {})}
    document = {
        "$schema": SCHEMA.format(kind=kind),
        "name": spec.name,
        "auth_mode": spec.auth_mode,
        "description": spec.description,
        "compute": f"azureml:{spec.compute}" if spec.compute else None,
        "identity": identity,
        "public_network_access": spec.public_network_access,
        "tags": dict(spec.tags),
        "properties": dict(spec.properties),
    }
    return {key: value for key, value in document.items() if value not in (None, {})}


def unsayable(endpoint: OnlineEndpoint) -> Iterator[str]:
    """Why the endpoint's own file cannot say what Azure has."""
    properties = endpoint.body["properties"]
    if not rules.ENDPOINT.accepts(endpoint.name):
        yield f"its name {endpoint.name!a} cannot be that of an endpoint: {rules.ENDPOINT.words}"
    if endpoint.state.lower() != "succeeded":
        yield f"its state is {endpoint.state or 'unknown'}: import it once Azure has ended its last write"
    if auth_mode_of(endpoint.auth_mode) is None:
        known = ", ".join(AUTH_MODES.values())
        yield f"authMode is {endpoint.auth_mode!a}; known are {known}"
    yield from _identity_reasons(endpoint.body.get("identity") or {})
    for key, value in sorted(properties.items()):
        if key.lower() not in _SAID | _AZURES | _SHARES and value not in (None, {}, [], ""):
            yield f"Azure has the property {key!a}, which endpoint files cannot express"
    slots = [one.name for one in endpoint.deployments]
    kind = "kubernetes" if properties.get("compute") else "managed"
    for problem in rules.share_problems(endpoint.traffic, endpoint.mirror_traffic, slots, kind):
        yield f"{problem.key} {problem.message}: {problem.remedy}"


def _access(properties: Mapping[str, Any]) -> str:
    return str(properties.get("publicNetworkAccess") or "enabled").lower()


def _kind_of(identity: Mapping[str, Any]) -> str:
    return str(identity.get("type") or "None").replace(" ", "").lower()


def _identity(body: Mapping[str, Any]) -> Identity | None:
    """None for the identity of its own that an endpoint has unless its file says otherwise."""
    match _kind_of(body):
        case "userassigned":
            return Identity("user_assigned", tuple(body.get("userAssignedIdentities") or ()))
        case "none":
            return Identity("none")
        case _:
            return None


def _identity_reasons(body: Mapping[str, Any]) -> Iterator[str]:
    kind, users = _kind_of(body), list(body.get("userAssignedIdentities") or ())
    if kind not in ("systemassigned", "userassigned", "none"):
        kinds = "a system-assigned identity or one user-assigned identity"
        yield f"its identity is {body.get('type')!a}: an endpoint file can declare {kinds}"
    elif len(users) > 1:
        yield f"it has {len(users)} user-assigned identities, and an endpoint file can name only one"
