"""An online endpoint with its deployments and its traffic."""

from __future__ import annotations  # or the SDK would load with this module

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from hashlib import sha256

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from azml.specs import EndpointSpec, Identity

from .assets import Assets
from .deployment import Deployment
from .existing import Existing
from .immutable import AUTH_MODES, IDENTITIES, compute_id
from .owned import azures_properties
from .roles import BLOB_CONTRIBUTOR, BLOB_READER, managed_identity_grant
from .scoring import ServedEndpoint
from .traffic import EndpointTraffic, LiveSlots
from .versions import endpoint_id
from .workspace import Workspace

SHARES = ("properties.traffic", "properties.mirrorTraffic")
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
        existing: Existing,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        spec = served.spec
        arm_id = endpoint_id(workspace.arm_id, spec.name)
        tags = {**spec.tags, **existing.tags(arm_id)}
        super().__init__("azml:components:Endpoint", spec.name, {}, opts)
        _tell_notes(served, self)
        own = pulumi.ResourceOptions(parent=self)
        # Told its endpoint by name, so that it speaks before the first write, the endpoint's own included.
        guard = LiveSlots(
            spec.name,
            endpoint_id=arm_id,
            slots=served.slots,
            allow=served.allow_live_change,
            opts=own,
        )
        options = pulumi.ResourceOptions(parent=self, depends_on=[guard])
        self.resource = _declare(served, workspace, tags, options)
        grants = [*workspace.identity_grants, *_grants(served, self.resource, workspace, own)]
        deployments = [
            Deployment(
                spec.name,
                slot,
                workspace,
                assets,
                existing,
                endpoint=self.resource,
                after=[guard],
                grants=grants,
                opts=own,
            )
            for slot in served.slots
        ]
        shares = EndpointTraffic(
            spec.name,
            endpoint_id=self.resource.id,
            traffic=served.traffic,
            mirror_traffic=served.mirror_traffic,
            deployments=[slot.name for slot in served.slots],
            endpoint_digest=digest(replace(spec, tags=tags)),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[made.resource for made in deployments],
                # A destroy begins here, so the engine stops with every share and deployment in place.
                protect=served.protect or None,
            ),
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


def _declare(
    served: ServedEndpoint, workspace: Workspace, tags: Mapping[str, str], opts: pulumi.ResourceOptions
) -> ml.OnlineEndpoint:
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
            compute=compute_id(spec, workspace.arm_id),
            description=spec.description,
            properties=spec.properties,
            public_network_access=access.capitalize() if access else None,
        ),
        tags=tags,
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                depends_on=workspace.resources,
                protect=served.protect or None,
                ignore_changes=[*SHARES, *azures_properties(spec.properties)],
            ),
        ),
    )


def _grants(
    served: ServedEndpoint, endpoint: ml.OnlineEndpoint, workspace: Workspace, opts: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """What the endpoint's own identity reads models and code by, where keys of the storage open nothing.

    Collected data is written by the same identity.
    """
    identity = served.spec.identity
    if not workspace.by_identity or (identity and "system_assigned" not in identity.type):
        return []
    writes = any(slot.spec.data_collector for slot in served.slots)
    principal = endpoint.identity.apply(lambda found: found.principal_id if found else "")
    role = BLOB_CONTRIBUTOR if writes else BLOB_READER
    return [managed_identity_grant(served.spec.name, role, workspace.storage_id, principal, opts)]


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


def digest(spec: EndpointSpec) -> str:
    """A digest of everything a write of the endpoint carries, without the shares."""
    written = {key: value for key, value in asdict(spec).items() if key not in WITHOUT}
    return sha256(json.dumps(written, sort_keys=True, default=dict).encode()).hexdigest()[:16]
