"""Private endpoints with their DNS zones, in an existing subnet or in a virtual network of the program's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network, privatedns

from azml.roles import Scope
from azml.stack.config.private_endpoints import PrivateEndpoints, VirtualNetwork

from .component import Component

SUBNET = "endpoints"
"""The name of the subnet in a network of the program's."""


@dataclass(frozen=True)
class Target:
    """A resource to reach, one of its subresources, and the names of the DNS zones that this needs."""

    resource_id: pulumi.Input[str]
    subresource: str
    zones: Sequence[str]


# learn.microsoft.com, "Azure Private Endpoint private DNS zone values".
ZONES: Mapping[str, Sequence[str]] = {
    "amlworkspace": ("privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"),
    "blob": ("privatelink.blob.core.windows.net",),
    "file": ("privatelink.file.core.windows.net",),
    "vault": ("privatelink.vaultcore.azure.net",),
    "registry": ("privatelink.azurecr.io",),
}


_PARTS: Sequence[tuple[str, Scope, str]] = (
    ("workspace", "workspace", "amlworkspace"),
    ("blob", "storageAccount", "blob"),
    ("file", "storageAccount", "file"),
    ("vault", "keyVault", "vault"),
    ("registry", "containerRegistry", "registry"),
)
"""The endpoints of a workspace: a short name, the resource, its subresource."""


def targets_of(name: str, found: Mapping[Scope, pulumi.CustomResource]) -> dict[str, Target]:
    """The targets among the resources of the workspace `name`, by their keys in the settings."""
    return {
        f"{name}-{short}": Target(found[key].id, part, ZONES[part])
        for short, key, part in _PARTS
        if key in found
    }


@dataclass(frozen=True, kw_only=True)
class PrivateNetworkArgs:
    """Where the endpoints are, and what they lead to: `targets` by a short name for each."""

    resource_group_name: str
    location: pulumi.Input[str] | None
    settings: PrivateEndpoints
    targets: Mapping[str, Target]
    tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None
    protect: bool = False


class PrivateNetwork(Component):
    """The private endpoints. `ready` is what a client must wait for before it uses one of them."""

    subnet_id: pulumi.Output[str]
    """The ARM id of the subnet."""

    def __init__(
        self, name: str, args: PrivateNetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("PrivateNetwork", name, opts)
        self._args = args
        self._options = self._child(pulumi.ResourceOptions(protect=args.protect or None))
        self._network_id: pulumi.Input[str] | None = None
        self.subnet_id = self._subnet(args.settings)
        self._zones: dict[str, pulumi.Input[str]] = {}
        self.ready: list[pulumi.Resource] = []
        for key, target in args.targets.items():
            self._endpoint(key, target)
        self.register_outputs({"subnet_id": self.subnet_id})

    def _subnet(self, settings: PrivateEndpoints) -> pulumi.Output[str]:
        if settings.network is None:
            own = settings.subnet_id or ""
            self._network_id = own.rpartition("/subnets/")[0]
            return pulumi.Output.from_input(own)
        return self._virtual_network(settings.network)

    def _virtual_network(self, settings: VirtualNetwork) -> pulumi.Output[str]:
        made = network.VirtualNetwork(
            settings.name,
            virtual_network_name=settings.name,
            resource_group_name=self._args.resource_group_name,
            location=self._args.location,
            address_space=network.AddressSpaceArgs(address_prefixes=list(settings.addresses)),
            subnets=[
                network.SubnetArgs(
                    name=SUBNET,
                    address_prefix=settings.subnet,
                    # Nothing in it may reach the internet by accident.
                    default_outbound_access=False,
                    private_endpoint_network_policies="Disabled",
                )
            ],
            tags=self._args.tags,
            opts=self._options,
        )
        self._network_id = made.id
        return pulumi.Output.concat(made.id, "/subnets/", SUBNET)

    def _endpoint(self, key: str, target: Target) -> None:
        args, name = self._args, f"pe-{key}"
        made = network.PrivateEndpoint(
            name,
            private_endpoint_name=name,
            resource_group_name=args.resource_group_name,
            location=args.location,
            subnet=network.SubnetArgs(id=self.subnet_id),
            private_link_service_connections=[
                network.PrivateLinkServiceConnectionArgs(
                    name=key,
                    private_link_service_id=target.resource_id,
                    group_ids=[target.subresource],
                )
            ],
            tags=args.tags,
            opts=self._options,
        )
        group = network.PrivateDnsZoneGroup(
            f"zones of {name}",
            private_dns_zone_group_name="default",
            private_endpoint_name=name,
            resource_group_name=args.resource_group_name,
            name="default",
            private_dns_zone_configs=[
                network.PrivateDnsZoneConfigArgs(
                    name=zone.replace(".", "-"), private_dns_zone_id=self._zone(zone)
                )
                for zone in target.zones
            ],
            opts=self._after(made),
        )
        self.ready.append(group)

    def _zone(self, name: str) -> pulumi.Input[str]:
        """The id of a zone, which is created and linked to the network unless it exists."""
        args = self._args
        if args.settings.dns_zones_id:
            return f"{args.settings.dns_zones_id}/providers/Microsoft.Network/privateDnsZones/{name}"
        if name not in self._zones:
            made = privatedns.PrivateZone(
                name,
                private_zone_name=name,
                resource_group_name=args.resource_group_name,
                location="Global",
                tags=args.tags,
                opts=self._options,
            )
            link = privatedns.VirtualNetworkLink(
                f"link of {name}",
                virtual_network_link_name="azml",
                private_zone_name=name,
                resource_group_name=args.resource_group_name,
                location="Global",
                registration_enabled=False,
                virtual_network=privatedns.SubResourceArgs(id=self._network_id),
                tags=args.tags,
                opts=self._after(made),
            )
            self.ready.append(link)
            self._zones[name] = made.id
        return self._zones[name]

    def _after(self, first: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of what is below `first`. Names are plain text, so that previews show them."""
        return pulumi.ResourceOptions.merge(self._options, pulumi.ResourceOptions(depends_on=[first]))
