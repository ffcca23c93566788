"""Private endpoints to the workspace and its resources, and what builds images behind them.

Sources: learn.microsoft.com, "Configure a private endpoint for an Azure Machine Learning workspace", "Azure
Virtual Network frequently asked questions" (ranges that no network may have), and "Plan a virtual network
for Azure Machine Learning" (the Docker bridge).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network

from azml import rules
from azml.findings import NOWHERE, Place
from azml.rules import arm_ids
from azml.specs import Node
from azml.stack.sections.section import Section
from azml.stack.sections.support import check_name

SMALLEST_SUBNET = 28
"""The longest prefix whose addresses are enough for the private endpoints: Azure keeps five of sixteen."""
_RESERVED = {
    "224.0.0.0/4": "multicast",
    "255.255.255.255/32": "broadcast",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local addresses",
    "168.63.129.16/32": "Azure's own DNS",
    "172.17.0.0/16": "the Docker bridge on Azure ML's machines",
}
_SUBNET = arm_ids(r"/providers/Microsoft\.Network/virtualNetworks/[^/]+/subnets/[^/]+")
_GROUP = arm_ids("")


@dataclass(frozen=True)
class VirtualNetwork:
    """A network that the stack creates, with one subnet for private endpoints; ranges in CIDR notation."""

    name: str
    addresses: tuple[str, ...]
    subnet: str


@dataclass(frozen=True)
class PrivateEndpoints:
    """Where the private endpoints are: in an existing subnet (an ARM id), or in a network of the stack's.

    `dns_zones_id` is a resource group with existing private DNS zones; None for zones of the stack's.
    """

    subnet_id: str | None
    network: VirtualNetwork | None
    dns_zones_id: str | None = None
    place: Place = NOWHERE


@dataclass(frozen=True)
class BuildCompute:
    """The compute cluster that builds images: an existing one, or one to create with this size."""

    name: str
    size: str | None = None


def read_private_endpoints(section: Section) -> PrivateEndpoints | None:
    """The key `privateEndpoints` of the workspace."""
    if section.get("privateEndpoints") is None:
        return None
    own = section.section("privateEndpoints", "{subnet: /subscriptions/.../subnets/endpoints}")
    subnet, network = own.text("subnet"), _network(own)
    if bool(subnet) == (own.get("virtualNetwork") is not None):
        remedy = "write subnet (the ARM id of one that exists) or virtualNetwork (one to create), not both"
        section.fault("privateEndpoints", "does not name one place for the endpoints", remedy)
    if subnet and not _SUBNET.fullmatch(subnet):
        own.fault("subnet", f"{subnet!r} is not the id of a subnet", "write /subscriptions/.../subnets/NAME")
    zones = own.text("dnsZones")
    if zones and not _GROUP.fullmatch(zones):
        own.fault("dnsZones", f"{zones!r} is not the id of a resource group", "write /subscriptions/...")
    own.finish()
    return PrivateEndpoints(subnet, network, zones, section.faults.place(own.path("subnet")))


def _network(section: Section) -> VirtualNetwork | None:
    if section.get("virtualNetwork") is None:
        return None
    shape = "{name: vnet-azml, addresses: [10.20.0.0/24], subnet: 10.20.0.0/26}"
    own = section.section("virtualNetwork", shape)
    name = own.text("name", required=True)
    check_name(own, "name", name, rules.VIRTUAL_NETWORK)
    nodes = own.list_of("addresses", str, "a list of ranges, as [10.20.0.0/24]")
    if not nodes:
        own.fault("addresses", "are missing", "write the network's ranges, as [10.20.0.0/24]")
    ranges = [found for node in nodes if (found := _range(own, node))]
    node = own.get("subnet", required=True)
    text = own.text("subnet")
    subnet = _range(own, node) if node and text else None
    for message, remedy, key in _range_faults(ranges, subnet):
        own.fault(key, message, remedy)
    own.finish()
    return VirtualNetwork(name or "", tuple(node.value for node in nodes), text or "")


def _range(own: Section, node: Node) -> IPv4Network | None:
    try:
        found = IPv4Network(node.value)
    except ValueError as error:
        remedy = "write a network in CIDR notation, as 10.20.0.0/24"
        own.faults.extend([node.wrong(f"{node.value!r} is not a range of addresses: {error}", remedy)])
        return None
    for reserved, use in _RESERVED.items():
        if found.overlaps(IPv4Network(reserved)):
            message = f"{node.value} overlaps {reserved}, which is for {use}"
            own.faults.extend([node.wrong(message, "take a private range, as 10.20.0.0/24")])
    return found


def _range_faults(ranges: list[IPv4Network], subnet: IPv4Network | None) -> Iterator[tuple[str, str, str]]:
    for place, one in enumerate(ranges):
        for other in ranges[:place]:
            if one.overlaps(other):
                yield (
                    f"{one} overlaps {other}",
                    "the ranges of a network may not overlap",
                    f"addresses[{place}]",
                )
    if subnet is None:
        return
    if ranges and not any(subnet.subnet_of(one) for one in ranges):
        listed = ", ".join(map(str, ranges))
        yield f"{subnet} is not in the network ({listed})", "take a part of one of its ranges", "subnet"
    if subnet.prefixlen > SMALLEST_SUBNET:
        remedy = f"the private endpoints need /{SMALLEST_SUBNET} or a larger range"
        yield f"{subnet} has too few addresses", remedy, "subnet"


def read_build_compute(section: Section) -> BuildCompute | None:
    """The key `imageBuildCompute` of the workspace: the name of a cluster, or a mapping with its size."""
    node = section.get("imageBuildCompute")
    if node is None:
        return None
    if isinstance(node.value, str):
        check_name(section, "imageBuildCompute", node.value, rules.COMPUTE)
        return BuildCompute(node.value)
    own = section.section("imageBuildCompute", "{name: cpu-build, size: Standard_D4as_v4}")
    name, size = own.text("name", required=True), own.text("size", required=True)
    check_name(own, "name", name, rules.COMPUTE)
    own.finish()
    return BuildCompute(name or "", size)
