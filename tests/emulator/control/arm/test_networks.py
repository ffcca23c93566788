"""What Azure refuses in networks, private endpoints and their zones."""

from typing import Any

import pytest

from tests.fixtures.control_plane import ACCOUNT, GROUP, VAULT, WORKSPACE, build_workspace
from tests.fixtures.in_process import InProcessAzure

NETWORKS = f"{GROUP}/providers/Microsoft.Network"
VNET = f"{NETWORKS}/virtualNetworks/vnet1"
SUBNET = f"{VNET}/subnets/endpoints"
ENDPOINT = f"{NETWORKS}/privateEndpoints/pe1"
ZONE = f"{NETWORKS}/privateDnsZones/privatelink.vaultcore.azure.net"
REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/registry1"
PLACED = {"location": "westeurope"}
GLOBAL = {"location": "Global"}


def network(*ranges: str, subnets: tuple[str, ...] = ()) -> dict[str, Any]:
    parts = [
        {"name": "endpoints" if place == 0 else f"s{place}", "properties": {"addressPrefix": one}}
        for place, one in enumerate(subnets)
    ]
    return {**PLACED, "properties": {"addressSpace": {"addressPrefixes": [*ranges]}, "subnets": parts}}


def endpoint(target: str, part: str, subnet: str = SUBNET) -> dict[str, Any]:
    link = {"privateLinkServiceId": target, "groupIds": [part]}
    connections = [{"name": "c", "properties": link}]
    return {
        **PLACED,
        "properties": {"subnet": {"id": subnet}, "privateLinkServiceConnections": connections},
    }


@pytest.fixture
def azure(inside: InProcessAzure) -> InProcessAzure:
    build_workspace(inside)
    inside.done(inside.arm("PUT", VNET, network("10.20.0.0/24", subnets=("10.20.0.0/26",))))
    return inside


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (network(), "InvalidRequestFormat"),
        (network("10.0.0.0/33"), "InvalidCIDRNotation"),
        (network("10.0.0.0/24", "10.0.0.128/25"), "NetcfgVirtualNetworkAddressSpacesOverlap"),
        (network("127.0.0.0/24"), "NetcfgInvalidAddressPrefix"),
        (network("10.0.0.0/24", subnets=("10.1.0.0/26",)), "NetcfgSubnetRangeOutsideVnet"),
        (network("10.0.0.0/24", subnets=("10.0.0.0/30",)), "NetcfgInvalidSubnet"),
        (network("10.0.0.0/24", subnets=("10.0.0.0/26", "10.0.0.32/27")), "NetcfgSubnetRangesOverlap"),
    ],
)
def test_ranges_of_a_network(inside: InProcessAzure, body: dict[str, Any], code: str) -> None:
    inside.arm("PUT", GROUP, PLACED)
    answer = inside.arm("PUT", VNET, body)
    assert (answer.status, answer.code) == (400, code)


def test_a_private_endpoint_leads_to_a_part_of_what_exists(azure: InProcessAzure) -> None:
    def code(body: dict[str, Any]) -> str:
        return azure.arm("PUT", ENDPOINT, body).code

    assert code(endpoint(VAULT, "vault", f"{VNET}/subnets/other")) == "InvalidResourceReference"
    assert code(endpoint(f"{VAULT}2", "vault")) == "InvalidResourceReference"
    assert code(endpoint(ACCOUNT, "blobs")) == "GroupIdsNotSupported"
    azure.done(azure.arm("PUT", REGISTRY, {**PLACED, "sku": {"name": "Standard"}}))
    assert code(endpoint(REGISTRY, "registry")) == "PrivateEndpointNotSupported"
    for target, part in ((VAULT, "vault"), (ACCOUNT, "blob"), (WORKSPACE, "amlworkspace")):
        azure.done(azure.arm("PUT", ENDPOINT, endpoint(target, part)))
    (connection,) = azure.arm("GET", ENDPOINT).body["properties"]["privateLinkServiceConnections"]
    assert connection["properties"]["privateLinkServiceConnectionState"]["status"] == "Approved"
    refused = azure.arm("DELETE", VNET)
    assert (refused.status, refused.code) == (400, "InUseSubnetCannotBeDeleted")
    azure.done(azure.arm("DELETE", ENDPOINT))
    azure.done(azure.arm("DELETE", VNET))


def test_zones_are_linked_once_to_what_exists(azure: InProcessAzure) -> None:
    azure.done(azure.arm("PUT", ZONE, GLOBAL))
    link = f"{ZONE}/virtualNetworkLinks/a"
    body = {**GLOBAL, "properties": {"registrationEnabled": False, "virtualNetwork": {"id": f"{VNET}2"}}}
    assert azure.arm("PUT", link, body).status == 400
    body["properties"]["virtualNetwork"] = {"id": VNET}  # type: ignore[index]
    azure.done(azure.arm("PUT", link, body))
    assert azure.arm("PUT", f"{ZONE}/virtualNetworkLinks/b", body).status == 409
    azure.done(azure.arm("PUT", ENDPOINT, endpoint(VAULT, "vault")))
    group = f"{ENDPOINT}/privateDnsZoneGroups/default"

    def zones(*ids: str) -> dict[str, Any]:
        configs = [{"name": f"z{n}", "properties": {"privateDnsZoneId": one}} for n, one in enumerate(ids)]
        return {"properties": {"privateDnsZoneConfigs": configs}}

    assert azure.arm("PUT", group, zones(f"{ZONE}2")).code == "InvalidResourceReference"
    assert azure.arm("PUT", group, zones(ZONE, ZONE)).code == "InvalidRequestFormat"
    azure.done(azure.arm("PUT", group, zones(ZONE)))
