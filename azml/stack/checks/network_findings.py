"""What contradicts the network settings: in the deployments, in the existing workspace, in its region."""

from collections.abc import Iterable, Iterator

from azml.findings import Finding
from azml.rules import region_key
from azml.stack.account import Account
from azml.stack.config.managed_network import MODES, ManagedNetwork
from azml.stack.config.records import WorkspaceSettings
from azml.stack.endpoint.scoring import ServedEndpoint
from azml.stack.facts import Fact, LiveState

VIRTUAL_NETWORK = "virtual network"
_IN_ONE_REGION = ("storageAccount", "keyVault", "containerRegistry")
"""What has to be in the workspace's region, to be on the safe side: Azure's pages differ about it."""


def open_endpoints(workspace: WorkspaceSettings, endpoints: Iterable[ServedEndpoint]) -> Iterator[Finding]:
    """Endpoints that public networks reach, where they do not reach the workspace.

    learn.microsoft.com, "Network isolation with managed online endpoints": an endpoint's own flag decides.
    """
    for served in endpoints if not workspace.public_network_access else ():
        spec = served.spec
        if spec.kind != "kubernetes" and spec.public_network_access != "disabled":
            message = f"public networks reach the endpoint {spec.name!r}, though not its workspace"
            place = spec.place("public_network_access")
            yield Finding(message, "write public_network_access: disabled in its file", *place)


def network_id(workspace: WorkspaceSettings) -> str | None:
    """The ARM id of the existing network in which the private endpoints are to be."""
    endpoints = workspace.private_endpoints
    return endpoints.subnet_id.rpartition("/subnets/")[0] if endpoints and endpoints.subnet_id else None


def network_changes(wanted: ManagedNetwork | None, live: Fact | None) -> Iterator[Finding]:
    """Changes of the existing managed network that Azure refuses, because they loosen it."""
    now = live.properties.get("managedNetwork") if live else None
    if wanted is None or not isinstance(now, dict):
        return
    mode = str(now.get("isolationMode") or "disabled")
    order = [one.lower() for one in MODES]
    if mode.lower() in order and order.index(wanted.isolation.lower()) < order.index(mode.lower()):
        message = f"is {wanted.isolation}, and the workspace has {mode}, which Azure does not loosen"
        yield Finding(message, "restore that mode, or give the workspace another name", *wanted.place)
    if wanted.kind == "V1" and str(now.get("managedNetworkKind")).upper() == "V2":
        message = "is to become V1, and the workspace's network is V2, which cannot be undone"
        yield Finding(message, "write kind: V2", *wanted.place)


def one_way_note(wanted: ManagedNetwork | None, live: Fact | None) -> str | None:
    """What a preview says about the one change of kind that there is."""
    now = live.properties.get("managedNetwork") if live else None
    if wanted is None or wanted.kind != "V2" or not isinstance(now, dict):
        return None
    if str(now.get("managedNetworkKind") or "V1").upper() == "V2":
        return None
    return "the managed network becomes V2: this cannot be undone, and V1 cannot be restored"


def elsewhere(
    workspace: WorkspaceSettings, account: Account, live_state: LiveState, region: str
) -> Iterator[Finding]:
    """Existing resources that have to be in the workspace's region, and are in another."""
    for key in _IN_ONE_REGION if region else ():
        kind, support = workspace.supports[key]
        if support.existing:
            group = support.resource_group or workspace.resource_group
            fact = live_state.found.get(account.resource_id(group, kind, support.name or ""))
            if fact and _differs(fact.location, region):
                message = f"{support.name!r} is in {fact.location}, and the workspace will be in {region}"
                yield Finding(message, f"name one in {region}, or let the stack create it", *support.place)
    network, endpoints = network_id(workspace), workspace.private_endpoints
    fact = live_state.found.get(network) if network else None
    if fact and endpoints and region and _differs(fact.location, region):
        message = f"is in {fact.location}, and the private endpoints will be in {region}"
        yield Finding(message, f"name a subnet of a network in {region}", *endpoints.place)


def _differs(one: str, other: str) -> bool:
    return bool(one) and region_key(one) != region_key(other)
