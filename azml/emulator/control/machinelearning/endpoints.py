"""Online endpoints: names, authentication, keys, shares, and their routes."""

import secrets
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from azml.emulator.base.identity import SCORING_AUDIENCE, Identity, sign
from azml.emulator.contract.deployments import DesiredEndpoint, ManagedIdentity
from azml.emulator.control.arm.addresses import Addresses
from azml.emulator.control.arm.errors import ArmError, bad_request, conflict
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.arm.types import Act, Action, Changed, ResourceType, Write
from azml.emulator.control.dataplane_client import DataplaneClient, DataplaneError
from azml.emulator.control.machinelearning.immutable import check_immutable
from azml.emulator.control.machinelearning.names import check_online_name
from azml.emulator.control.machinelearning.server_owned import ENDPOINT_PROPERTIES, without
from azml.emulator.control.machinelearning.traffic import (
    check_mirror,
    check_traffic,
    read_shares,
    without_gone,
)

ENDPOINT = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
DEPLOYMENT = f"{ENDPOINT}/deployments"
ENDPOINT_LIMIT = 100  # a subscription and region
KUBERNETES = "Kubernetes"
AUTH_MODES = {"key": "Key", "amltoken": "AMLToken", "aadtoken": "AADToken"}
TOKEN_LIFETIME = timedelta(hours=12)
REFRESH_AFTER = timedelta(hours=10)


class OnlineEndpoints(ResourceType):
    """`workspaces/onlineEndpoints`. A PUT replaces everything: without traffic, all shares become zero."""

    name = ENDPOINT
    asynchronous = True
    patchable = ("tags", "identity")  # API 2025-12-01: PartialMinimalTrackedResourceWithIdentity
    computed_names = ("scoringUri", "swaggerUri", "provisioningState")

    def __init__(self, addresses: Addresses, identity: Identity, dataplane: DataplaneClient) -> None:
        self.addresses = addresses
        self.identity = identity
        self.dataplane = dataplane

    def check(self, write: Write) -> None:
        """Name, uniqueness, authentication mode and shares."""
        check_online_name(write.id.name, "endpoint")
        _check_auth_mode(write)
        _check_compute(write)
        check_immutable(write)
        if write.existing is None:
            _check_limit(write)
        deployments = deployments_of(write.id.text, write.store)
        live = read_shares(write.existing.properties, "traffic") if write.existing else {}
        wanted, mirror = _wanted(write, "traffic"), _wanted(write, "mirrorTraffic")
        check_traffic(wanted, live, deployments)
        check_mirror(mirror, wanted, deployments, kubernetes=_on_kubernetes(write))

    def complete(self, write: Write, record: Record) -> Record:
        """Defaults, and keys, which a body may set only at creation and which no GET shows."""
        properties = dict(record.properties)
        given = section(properties, "keys")
        properties.pop("keys", None)
        properties["authMode"] = AUTH_MODES[str(properties["authMode"]).lower()]
        properties["traffic"] = _wanted(write, "traffic")
        properties["mirrorTraffic"] = _wanted(write, "mirrorTraffic")
        properties["properties"] = without(section(properties, "properties"), ENDPOINT_PROPERTIES)
        properties.setdefault("publicNetworkAccess", "Enabled")
        body = {**record.body, "properties": properties}
        return Record(record.id, body, {**_new_secrets(given), **record.hidden})

    def present(self, record: Record) -> Json:
        """The endpoint with its addresses."""
        base = f"{self.addresses.scoring}/{_path(record)}"
        return super().present(
            record.with_properties(scoringUri=f"{base}/score", swaggerUri=f"{base}/swagger.json")
        )

    async def settle(self, record: Record, store: ResourceStore) -> Record:
        """Have the router route it."""
        try:
            await self.dataplane.put_endpoint(self.desired(record, store))
        except DataplaneError as error:
            raise ArmError(500, "ResourceOperationFailure", str(error)) from error
        return record

    async def remove(self, record: Record) -> None:
        """Have the router stop routing it."""
        await self.dataplane.delete_endpoint(record.id.key)

    def actions(self) -> Mapping[str, Action]:
        """Keys and tokens."""
        return {"listkeys": self.list_keys, "regeneratekeys": self.regenerate_keys, "token": self.token}

    async def list_keys(self, act: Act) -> Json:
        """Both keys."""
        _check_mode(act.record, "Key", "keys")
        return {name: act.record.hidden[name] for name in ("primaryKey", "secondaryKey")}

    async def regenerate_keys(self, act: Act) -> Changed:
        """A new primary or secondary key. `keyValue` is not read: azure-ai-ml puts the old key there."""
        _check_mode(act.record, "Key", "keys")
        kind = str(act.body["keyType"]).lower()
        return Changed(act.record.with_hidden(**{f"{kind}Key": _new_key()}))

    async def token(self, act: Act) -> Json:
        """A token for the endpoint, in auth mode AMLToken."""
        _check_mode(act.record, "AMLToken", "tokens")
        now = datetime.now(UTC)
        ends, refresh = now + TOKEN_LIFETIME, now + REFRESH_AFTER
        claims: Json = {"aud": act.record.id.key, "iat": int(now.timestamp()), "exp": int(ends.timestamp())}
        return {
            "accessToken": sign(claims, act.record.hidden["tokenSecret"]),
            "tokenType": "Bearer",
            "expiryTimeUtc": int(ends.timestamp()),
            "refreshAfterTimeUtc": int(refresh.timestamp()),
        }

    def desired(self, record: Record, store: ResourceStore) -> DesiredEndpoint:
        """The desired state for the router. Shares use the deployments' names in their original case."""
        names = {key: found.id.name for key, found in deployments_of(record.id.text, store).items()}
        mode = record.properties["authMode"]
        secret = {
            "AMLToken": record.hidden["tokenSecret"],
            "AADToken": self.identity.key_for(SCORING_AUDIENCE),
        }
        keys = (record.hidden["primaryKey"], record.hidden["secondaryKey"])
        return DesiredEndpoint(
            key=record.id.key,
            path=_path(record),
            bearers=keys if mode == "Key" else (),
            token_secret=secret.get(mode),
            traffic=_named(read_shares(record.properties, "traffic"), names),
            mirror_traffic=_named(read_shares(record.properties, "mirrorTraffic"), names),
            identities=identities_of(record),
        )


def deployments_of(endpoint: str, store: ResourceStore) -> dict[str, Record]:
    """An endpoint's deployments, by name in lower case."""
    return {record.id.name.lower(): record for record in store.under(endpoint, DEPLOYMENT)}


def identities_of(record: Record) -> tuple[ManagedIdentity, ...]:
    """The identities of an endpoint, its system-assigned one first."""
    identity = section(record.body, "identity")
    users = section(identity, "userAssignedIdentities")
    own = str(identity.get("principalId") or "")
    # Azure does not show the client id of a system-assigned identity, but it has one.
    client = str(uuid.uuid5(uuid.NAMESPACE_URL, own))
    found = [ManagedIdentity(own, client)] if own else []
    for name in users:
        user = section(users, name)
        found.append(ManagedIdentity(str(user.get("principalId")), str(user.get("clientId")), name))
    return tuple(found)


def _wanted(write: Write, name: str) -> dict[str, int]:
    live = read_shares(write.existing.properties, name) if write.existing else {}
    deployments = deployments_of(write.id.text, write.store)
    return without_gone(read_shares(write.properties, name), live, deployments)


def _named(shares: Mapping[str, int], names: Mapping[str, str]) -> dict[str, int]:
    return {names[name.lower()]: share for name, share in shares.items() if share and name.lower() in names}


def _path(record: Record) -> str:
    return f"{record.location}/{record.id.name.lower()}"


def _on_kubernetes(write: Write) -> bool:
    return bool(write.properties.get("compute"))


def _check_auth_mode(write: Write) -> None:
    mode = AUTH_MODES[str(write.properties["authMode"]).lower()]
    if mode == "AADToken" and _on_kubernetes(write):
        raise bad_request("A Kubernetes endpoint cannot use AADToken.", "InvalidAuthMode")
    if write.existing and write.existing.properties["authMode"] != mode:
        message = f"The authentication mode of '{write.id.name}' cannot change; recreate the endpoint."
        raise bad_request(message, "InvalidAuthMode")


def _check_compute(write: Write) -> None:
    """A cluster need not be attached: this machine simulates it. Another kind of compute is an error."""
    compute = str(write.properties.get("compute") or "")
    found = write.store.find(compute) if compute.startswith("/") else None
    kind = str(found.properties.get("computeType", "")) if found else KUBERNETES
    if kind.lower() != KUBERNETES.lower():
        message = f"The compute '{compute.rpartition('/')[2]}' is {kind}: an endpoint's must be {KUBERNETES}."
        raise bad_request(message, "InvalidComputeType")
    before = str(write.existing.properties.get("compute") or "") if write.existing else compute
    if before.lower() != compute.lower():
        message = f"The compute of '{write.id.name}' cannot change; recreate the endpoint."
        raise bad_request(message, "ComputeImmutable")


def _check_limit(write: Write) -> None:
    region = str(write.body.get("location", "")).lower().replace(" ", "")
    there = [record for record in write.store.under("", ENDPOINT) if record.location == region]
    if any(record.id.name.lower() == write.id.name.lower() for record in there):
        message = f"An endpoint named '{write.id.name}' exists already in region {region}."
        raise conflict(message, "EndpointNameInUse")
    if len(there) >= ENDPOINT_LIMIT:
        raise bad_request(f"Region {region} has {ENDPOINT_LIMIT} endpoints, its limit.", "QuotaExceeded")


def _check_mode(record: Record, mode: str, what: str) -> None:
    actual = record.properties["authMode"]
    if actual != mode:
        message = f"The endpoint '{record.id.name}' has no {what}: its authentication mode is {actual}."
        raise bad_request(message, "InvalidAuthMode")


def _new_secrets(given: Json) -> Json:
    fresh = {"primaryKey": _new_key(), "secondaryKey": _new_key(), "tokenSecret": _new_key()}
    kept = {name: given[name] for name in ("primaryKey", "secondaryKey") if given.get(name)}
    return {**fresh, **kept}


def _new_key() -> str:
    return secrets.token_urlsafe(48)
