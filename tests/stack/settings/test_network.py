"""The network settings: read, and every contradiction told at preview with its key."""

from typing import Any

import pytest

from azml.stack.config.managed_network import FqdnRule, PrivateEndpointRule, ServiceTagRule
from azml.stack.config.private_endpoints import BuildCompute, VirtualNetwork
from tests.stack.settings.conftest import Findings, Read, only

PLACE = {"resourceGroup": "rg", "name": "mlw"}
STORAGE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/st"
SUBNET = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/a"
OURS = {"name": "vnet", "addresses": ["10.20.0.0/24"], "subnet": "10.20.0.0/26"}
BUILD = {"imageBuildCompute": {"name": "cpu-build", "size": "Standard_D4as_v4"}}
APPROVED = "allowOnlyApprovedOutbound"


def test_a_network_is_public_unless_it_is_written(read: Read) -> None:
    own = read(workspace=PLACE).workspace
    assert (own.public_network_access, own.managed_network, own.private_endpoints) == (True, None, None)


def test_everything_private(read: Read) -> None:
    outbound = {
        "pypi": {"fqdn": "*.pypi.org"},
        "monitor": {"serviceTag": "AzureMonitor", "ports": "443,8000-8010"},
        "features": {"privateEndpoint": STORAGE, "subresource": "blob"},
    }
    managed = {"isolation": APPROVED.lower(), "kind": "v2", "firewall": "basic", "outbound": outbound}
    place = {**PLACE, "managedNetwork": managed, "privateEndpoints": {"virtualNetwork": OURS}, **BUILD}
    own = read(workspace=place).workspace
    assert own.public_network_access is False, "the default with private endpoints"
    network = own.managed_network
    assert network and (network.isolation, network.kind, network.firewall) == (APPROVED, "V2", "Basic")
    assert network.provision
    assert dict(network.outbound) == {
        "pypi": FqdnRule("*.pypi.org"),
        "monitor": ServiceTagRule("AzureMonitor", "TCP", "443,8000-8010"),
        "features": PrivateEndpointRule(STORAGE, "blob"),
    }
    assert own.private_endpoints
    assert own.private_endpoints.network == VirtualNetwork("vnet", ("10.20.0.0/24",), "10.20.0.0/26")
    assert own.build_compute == BuildCompute("cpu-build", "Standard_D4as_v4")
    assert read(workspace={**place, "publicNetworkAccess": True}).workspace.public_network_access is True


def test_a_subnet_of_one_s_own(read: Read) -> None:
    zones = "/subscriptions/s/resourceGroups/rg-dns"
    endpoints = {"subnet": SUBNET, "dnsZones": zones}
    own = read(workspace={**PLACE, "privateEndpoints": endpoints, "imageBuildCompute": "cpu"}).workspace
    assert own.private_endpoints
    assert (own.private_endpoints.subnet_id, own.private_endpoints.dns_zones_id) == (SUBNET, zones)
    assert own.build_compute == BuildCompute("cpu", None)


@pytest.mark.parametrize(
    ("managed", "key", "said"),
    [
        ({"isolation": "approvedOnly"}, "isolation", "is 'approvedOnly'"),
        ({"kind": "V2"}, "isolation", "is missing"),
        ({"isolation": "disabled", "kind": "V2"}, "isolation", "is disabled beside other settings"),
        ({"isolation": "allowInternetOutbound", "firewall": "Basic"}, "firewall", "has no effect"),
        ({"isolation": APPROVED, "kind": "V3"}, "kind", "is 'V3'"),
        ({"isolation": APPROVED, "outbound": {"a": {"fqdn": "https://x"}}}, "outbound.a.fqdn", "not a host"),
        ({"isolation": APPROVED, "outbound": {"a b": {"fqdn": "x.org"}}}, "outbound.a b", "cannot name"),
        ({"isolation": APPROVED, "outbound": {"a": {}}}, "outbound.a", "is not one rule"),
        (
            {"isolation": APPROVED, "outbound": {"a": {"fqdn": "x.org", "serviceTag": "Storage"}}},
            "outbound.a",
            "is not one rule",
        ),
        (
            {"isolation": "allowInternetOutbound", "outbound": {"a": {"fqdn": "x.org"}}},
            "outbound.a.fqdn",
            "limits nothing",
        ),
        (
            {"isolation": APPROVED, "outbound": {"a": {"serviceTag": "S", "ports": "http"}}},
            "outbound.a.ports",
            "are not ports",
        ),
        (
            {"isolation": APPROVED, "outbound": {"a": {"privateEndpoint": "st", "subresource": "blob"}}},
            "outbound.a.privateEndpoint",
            "is not the id of a resource",
        ),
        (
            {"isolation": APPROVED, "outbound": {"a": {"privateEndpoint": STORAGE}}},
            "outbound.a.subresource",
            "is missing",
        ),
    ],
)
def test_contradictions_of_the_managed_network(
    findings: Findings, managed: dict[str, Any], key: str, said: str
) -> None:
    found = only(findings(workspace={**PLACE, "managedNetwork": managed}))
    assert str(found.key).removeprefix("azml:workspace.managedNetwork.") == key
    assert said in found.message
    assert found.remedy


@pytest.mark.parametrize(
    ("network", "key", "said"),
    [
        ({"addresses": ["10.20.0.0/33"]}, "addresses[0]", "is not a range of addresses"),
        ({"addresses": ["10.20.0.1/24"]}, "addresses[0]", "has host bits set"),
        ({"addresses": ["10.20.0.0/24", "10.20.0.128/25"]}, "addresses[1]", "10.20.0.128/25 overlaps"),
        ({"addresses": []}, "addresses", "are missing"),
        ({"addresses": ["10.20.0.0/24", "172.16.0.0/12"]}, "addresses[1]", "the Docker bridge"),
        ({"subnet": "10.21.0.0/26"}, "subnet", "is not in the network (10.20.0.0/24)"),
        ({"subnet": "10.20.0.0/29"}, "subnet", "has too few addresses"),
        ({"subnet": "here"}, "subnet", "is not a range of addresses"),
        ({"name": "-"}, "name", "is refused by Azure"),
    ],
)
def test_ranges_that_are_none_or_overlap(
    findings: Findings, network: dict[str, Any], key: str, said: str
) -> None:
    endpoints = {"virtualNetwork": {**OURS, **network}}
    found = only(findings(workspace={**PLACE, "privateEndpoints": endpoints, **BUILD}))
    assert str(found.key).removeprefix("azml:workspace.privateEndpoints.virtualNetwork.") == key
    assert said in found.message


@pytest.mark.parametrize(
    ("endpoints", "key", "said"),
    [
        ({}, "privateEndpoints", "does not name one place"),
        ({"subnet": SUBNET, "virtualNetwork": OURS}, "privateEndpoints", "does not name one place"),
        ({"subnet": "a"}, "privateEndpoints.subnet", "is not the id of a subnet"),
        (
            {"subnet": SUBNET, "dnsZones": "rg"},
            "privateEndpoints.dnsZones",
            "is not the id of a resource group",
        ),
    ],
)
def test_private_endpoints_have_one_place(
    findings: Findings, endpoints: dict[str, Any], key: str, said: str
) -> None:
    found = only(findings(workspace={**PLACE, "privateEndpoints": endpoints, **BUILD}))
    assert found.key == f"azml:workspace.{key}"
    assert said in found.message


def test_a_private_registry_needs_a_compute_that_builds_images(findings: Findings) -> None:
    found = only(findings(workspace={**PLACE, "privateEndpoints": {"subnet": SUBNET}}))
    assert found.key == "azml:workspace.privateEndpoints"
    assert "imageBuildCompute" in found.remedy


def test_all_faults_come_at_once(findings: Findings) -> None:
    given = findings(
        workspace={
            **PLACE,
            "managedNetwork": {"isolation": "none"},
            "privateEndpoints": {"virtualNetwork": {**OURS, "subnet": "10.0.0.0/26"}},
        }
    )
    assert {str(one.key).rpartition(".")[2] for one in given} == {"isolation", "subnet", "privateEndpoints"}


def test_a_deployment_has_no_network_of_its_own_in_a_managed_one(findings: Findings, read: Read) -> None:
    slots = {"deployments": {"blue": {"egress_public_network_access": "disabled"}}}
    managed = {**PLACE, "managedNetwork": {"isolation": APPROVED}}
    found = only(findings(workspace=managed, endpoints={"echo": slots}))
    assert found.key == "azml:endpoints.echo.deployments.blue.egress_public_network_access"
    assert read(workspace=PLACE, endpoints={"echo": slots}), "alone it is Azure's older way"
