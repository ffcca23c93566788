"""Virtual networks, private endpoints and private DNS zones: checked as Azure checks them, then stored.

Sources: learn.microsoft.com, "Azure Virtual Network frequently asked questions" (ranges), "What is a private
endpoint?" (subresources of each type), "Azure Private Endpoint private DNS zone values"; the error codes of
Microsoft.Network in public issues. A private endpoint is approved at once, as for its own subscription.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

from azml.emulator.control.arm.errors import bad_request, conflict
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.simple_types import StoredType
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.arm.types import ResourceType, Write

PRIVATE_ENDPOINT = "Microsoft.Network/privateEndpoints"
_SUBRESOURCES = {
    "microsoft.machinelearningservices/workspaces": ("amlworkspace",),
    "microsoft.storage/storageaccounts": ("blob", "file", "queue", "table", "dfs", "web"),
    "microsoft.keyvault/vaults": ("vault",),
    "microsoft.containerregistry/registries": ("registry",),
}
_RESERVED = ("224.0.0.0/4", "255.255.255.255/32", "127.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32")
_SMALLEST = 29


class VirtualNetworks(ResourceType):
    """`virtualNetworks`, whose subnets have ids."""

    name = "Microsoft.Network/virtualNetworks"
    stored_only = True

    def check(self, write: Write) -> None:
        """Ranges are networks and do not overlap; each subnet is in one and apart from the others."""
        ranges = list(_ranges(section(write.properties, "addressSpace").get("addressPrefixes") or ()))
        if not ranges:
            raise bad_request("A virtual network has an address space.", "InvalidRequestFormat")
        subnets = write.properties.get("subnets") or []
        parts = list(_ranges(_prefix(one) for one in subnets))
        for part in parts:
            if not any(part.subnet_of(one) for one in ranges):
                message = f"The subnet range '{part}' is outside the ranges of '{write.id.name}'."
                raise bad_request(message, "NetcfgSubnetRangeOutsideVnet")
            if part.prefixlen > _SMALLEST:
                raise bad_request(f"The subnet range '{part}' is too small.", "NetcfgInvalidSubnet")
        _check_apart(ranges, "NetcfgVirtualNetworkAddressSpacesOverlap")
        _check_apart(parts, "NetcfgSubnetRangesOverlap")

    def complete(self, write: Write, record: Record) -> Record:
        """The subnets' ids."""
        subnets = record.properties.get("subnets", [])
        named = [{**subnet, "id": f"{record.id.text}/subnets/{subnet.get('name')}"} for subnet in subnets]
        return record.with_properties(subnets=named)

    def check_delete(self, record: Record, store: ResourceStore) -> None:
        """A network with private endpoints in it stays."""
        inside = [
            one.id.name
            for one in store.under("", PRIVATE_ENDPOINT)
            if str(section(one.properties, "subnet").get("id", "")).lower().startswith(f"{record.id.key}/")
        ]
        if inside:
            message = f"'{record.id.name}' is in use by {', '.join(inside)} and cannot be deleted."
            raise bad_request(message, "InUseSubnetCannotBeDeleted")


class PrivateEndpoints(StoredType):
    """`privateEndpoints`: in a subnet, to a part of a resource."""

    def __init__(self) -> None:
        super().__init__(PRIVATE_ENDPOINT)

    def check(self, write: Write) -> None:
        """The subnet and the resource exist; the resource has such a part, and may have an endpoint."""
        subnet = str(section(write.properties, "subnet").get("id", ""))
        network = write.store.find(subnet.rpartition("/subnets/")[0])
        names = [one.get("name") for one in network.properties.get("subnets") or ()] if network else []
        if subnet.rpartition("/")[2] not in names:
            raise bad_request(f"Resource {subnet} was not found.", "InvalidResourceReference")
        connections = write.properties.get("privateLinkServiceConnections") or []
        if len(connections) != 1:
            message = "A private endpoint has one privateLinkServiceConnection."
            raise bad_request(message, "InvalidRequestFormat")
        _check_connection(connections[0], write.store)

    def complete(self, write: Write, record: Record) -> Record:
        """Its connection is approved."""
        connections = record.properties["privateLinkServiceConnections"]
        approved = {"status": "Approved", "description": "Auto-Approved", "actionsRequired": "None"}
        shown = [
            {
                **one,
                "properties": {
                    **section(one, "properties"),
                    "provisioningState": "Succeeded",
                    "privateLinkServiceConnectionState": approved,
                },
            }
            for one in connections
        ]
        return record.with_properties(privateLinkServiceConnections=shown)


class ZoneGroups(StoredType):
    """`privateDnsZoneGroups` of a private endpoint, whose zones exist."""

    def __init__(self) -> None:
        super().__init__(f"{PRIVATE_ENDPOINT}/privateDnsZoneGroups", located=False)

    def check(self, write: Write) -> None:
        """Each zone exists, and is there once."""
        zones = [
            str(section(one, "properties").get("privateDnsZoneId", ""))
            for one in write.properties.get("privateDnsZoneConfigs") or ()
        ]
        for zone in zones:
            if write.store.find(zone) is None:
                raise bad_request(f"Resource {zone} was not found.", "InvalidResourceReference")
        if len({zone.lower() for zone in zones}) < len(zones):
            raise bad_request("A private DNS zone is in the group twice.", "InvalidRequestFormat")


class ZoneLinks(StoredType):
    """`virtualNetworkLinks` of a private DNS zone: one for each network."""

    def __init__(self) -> None:
        super().__init__("Microsoft.Network/privateDnsZones/virtualNetworkLinks")

    def check(self, write: Write) -> None:
        """The network exists, and no other link of the zone leads there."""
        network = _network(write.properties)
        if write.store.find(network) is None:
            raise bad_request(f"The virtual network '{network}' was not found.", "ParentResourceNotFound")
        for other in write.store.under(write.id.parent, self.name):
            if other.id.key != write.id.key and _network(other.properties).lower() == network.lower():
                message = f"The virtual network is linked already, by '{other.id.name}'."
                raise conflict(message)


def network_types() -> Sequence[ResourceType]:
    """The types of this module, and private DNS zones."""
    zones = StoredType("Microsoft.Network/privateDnsZones")
    return (VirtualNetworks(), PrivateEndpoints(), ZoneGroups(), zones, ZoneLinks())


def reached_privately(id_text: str, part: str, store: ResourceStore) -> bool:
    """Whether a private endpoint leads to a part of a resource."""
    return any(
        str(link.get("privateLinkServiceId", "")).lower() == id_text.lower()
        and part in link.get("groupIds", ())
        for endpoint in store.under("", PRIVATE_ENDPOINT)
        for connection in endpoint.properties.get("privateLinkServiceConnections") or ()
        for link in (section(connection, "properties"),)
    )


def _check_connection(connection: Json, store: ResourceStore) -> None:
    link = section(connection, "properties")
    target = store.find(str(link.get("privateLinkServiceId", "")))
    if target is None:
        message = f"Resource {link.get('privateLinkServiceId')} was not found."
        raise bad_request(message, "InvalidResourceReference")
    parts = _SUBRESOURCES.get(target.id.kind, ())
    for part in link.get("groupIds") or [""]:
        if part not in parts:
            message = f"{target.id.type} has no subresource '{part}': {', '.join(parts) or 'none'}."
            raise bad_request(message, "GroupIdsNotSupported")
    sku = str(section(target.body, "sku").get("name", ""))
    if target.id.kind.endswith("/registries") and sku != "Premium":
        message = f"Private endpoints need a registry of SKU Premium; '{target.id.name}' is {sku}."
        raise bad_request(message, "PrivateEndpointNotSupported")


def _network(properties: Json) -> str:
    return str(section(properties, "virtualNetwork").get("id", ""))


def _prefix(subnet: Json) -> str:
    properties = section(subnet, "properties")
    return str(properties.get("addressPrefix") or next(iter(properties.get("addressPrefixes") or ()), ""))


def _ranges(texts: Iterator[str] | Sequence[str]) -> Iterator[IPv4Network]:
    for text in texts:
        try:
            found = IPv4Network(text)
        except ValueError as error:
            message = f"The address prefix '{text}' is invalid: {error}."
            raise bad_request(message, "InvalidCIDRNotation") from error
        if any(found.overlaps(IPv4Network(one)) for one in _RESERVED):
            raise bad_request(f"The address prefix '{text}' is reserved.", "NetcfgInvalidAddressPrefix")
        yield found


def _check_apart(ranges: list[IPv4Network], code: str) -> None:
    for place, one in enumerate(ranges):
        for other in ranges[:place]:
            if one.overlaps(other):
                raise bad_request(f"The ranges '{other}' and '{one}' overlap.", code)
