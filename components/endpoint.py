"""An online endpoint with its deployments and its traffic."""

from __future__ import annotations  # or the SDK would load with this module

import json
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from azml.specs import EndpointSpec, Identity

from .assets import Assets
from .deployment import Deployment
from .scoring import ServedEndpoint
from .traffic import EndpointTraffic, LiveSlots
from .workspace import Workspace

AUTH_MODES = {"key": "Key", "aml_token": "AMLToken", "aad_token": "AADToken"}
IDENTITIES = {
    "system_assigned": "SystemAssigned",
    "user_assigned": "UserAssigned",
    "system_assigned,user_assigned": "SystemAssigned,UserAssigned",
    "none": "None",
}


WITHOUT = ("traffic", "mirror_traffic", "source")


class Endpoint(pulumi.ComponentResource):
    """An endpoint, its deployments, the guard of those that are live, and the shares.

    The endpoint resource never carries shares: they belong to EndpointTraffic, and the two would undo each
    other's work.
    """

    def __init__(
        self,
        served: ServedEndpoint,
        workspace: Workspace,
        assets: Assets,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        spec = served.spec
        super().__init__("azml:components:Endpoint", spec.name, {}, opts)
        _tell_notes(served, self)
        own = pulumi.ResourceOptions(parent=self)
        # Told its endpoint by name, so that it speaks before the first write, the endpoint's own included.
        guard = LiveSlots(
            spec.name,
            endpoint_id=f"{workspace.arm_id}/onlineEndpoints/{spec.name}",
            slots=served.slots,
            allow=served.allow_live_change,
            opts=own,
        )
        self.resource = _declare(served, workspace, pulumi.ResourceOptions(parent=self, depends_on=[guard]))
        deployments = [
            Deployment(spec.name, slot, workspace, assets, endpoint=self.resource, after=[guard], opts=own)
            for slot in served.slots
        ]
        shares = EndpointTraffic(
            spec.name,
            endpoint_id=self.resource.id,
            traffic=served.traffic,
            mirror_traffic=served.mirror_traffic,
            deployments=[slot.name for slot in served.slots],
            endpoint_digest=digest(spec),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[made.resource for made in deployments]),
        )
        self.outputs = {
            "name": spec.name,
            "scoring_uri": self.resource.properties.scoring_uri,
            "swagger_uri": self.resource.properties.swagger_uri,
            "deployments": _shares_of(served, shares),
            "mirror_traffic": served.mirror_traffic,
        }
        self.register_outputs(self.outputs)


def _tell_notes(served: ServedEndpoint, about: pulumi.Resource) -> None:
    """Tell what deserves a look once for all the deployments it is true of."""
    slots: dict[str, list[str]] = {}
    for slot in served.slots:
        for note in slot.bundle.notes:
            slots.setdefault(note, []).append(slot.name)
    for note, names in slots.items():
        pulumi.log.info(f"{', '.join(names)}: {note}", about)


def _declare(served: ServedEndpoint, workspace: Workspace, opts: pulumi.ResourceOptions) -> ml.OnlineEndpoint:
    spec = served.spec
    access = spec.public_network_access
    return ml.OnlineEndpoint(
        spec.name,
        endpoint_name=spec.name,
        workspace_name=workspace.name,
        resource_group_name=workspace.resource_group,
        location=workspace.location,
        identity=_identity(spec.identity),
        properties=ml.OnlineEndpointPropertiesArgs(
            auth_mode=AUTH_MODES[spec.auth_mode],
            compute=_compute(spec, workspace),
            description=spec.description,
            properties=spec.properties,
            public_network_access=access.capitalize() if access else None,
        ),
        tags=spec.tags,
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                depends_on=workspace.resources,
                protect=served.protect or None,
                ignore_changes=["properties.traffic", "properties.mirrorTraffic"],
            ),
        ),
    )


def _shares_of(
    served: ServedEndpoint, shares: EndpointTraffic
) -> dict[str, int] | pulumi.Output[dict[str, int]]:
    """Each deployment with its share: as told, else as it is."""

    def by_slot(traffic: Mapping[str, int]) -> dict[str, int]:
        return {slot.name: int(traffic.get(slot.name, 0)) for slot in served.slots}

    return shares.traffic.apply(by_slot) if served.traffic is None else by_slot(served.traffic)


def _identity(identity: Identity | None) -> ml.ManagedServiceIdentityArgs:
    if identity is None:
        return ml.ManagedServiceIdentityArgs(type="SystemAssigned")
    return ml.ManagedServiceIdentityArgs(
        type=IDENTITIES[identity.type],
        user_assigned_identities=list(identity.user_assigned_identities) or None,
    )


def _compute(spec: EndpointSpec, workspace: Workspace) -> str | None:
    """The id of the attached Kubernetes cluster, which the file may write as `azureml:name`."""
    if spec.compute is None or spec.compute.startswith("/"):
        return spec.compute
    return f"{workspace.arm_id}/computes/{spec.compute.removeprefix('azureml:')}"


def digest(spec: EndpointSpec) -> str:
    """A digest of everything a write of the endpoint carries, without the shares."""
    written = {key: value for key, value in asdict(spec).items() if key not in WITHOUT}
    return sha256(json.dumps(written, sort_keys=True, default=dict).encode()).hexdigest()[:16]
