"""An online endpoint with its deployments and its traffic."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Any

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from azml.roles import BLOB_CONTRIBUTOR, BLOB_READER, DATA_SCIENTIST
from azml.server_owned import ignored_properties
from azml.specs import EndpointSpec, Identity
from azml.stack.checks.immutable import AUTH_MODES, IDENTITIES, compute_id
from azml.stack.checks.retiring import retiring
from azml.stack.endpoint.access import Caller, ScopedRole
from azml.stack.endpoint.scoring import Slot, serves
from azml.stack.versions import endpoint_id

from .assets import Assets
from .component import Component
from .deployment import Deployment, DeploymentArgs
from .diagnostics import ENDPOINT_LOGS, send_logs
from .live_slots import LiveSlots, LiveSlotsArgs
from .managed_identity import ManagedIdentity
from .roles import RoleGrant, RoleGrantArgs, managed_identity_grant
from .traffic import EndpointTraffic, EndpointTrafficArgs, Shares, known

SHARES = ("properties.traffic", "properties.mirrorTraffic")
WITHOUT = ("traffic", "mirror_traffic", "source")


@dataclass(frozen=True, kw_only=True)
class EndpointArgs:
    """An endpoint as described by its file, the deployments in its slots, and their shares in percent.

    Shares that are None are not managed here. `allow_live_change` lets a deployment with live traffic change,
    `protect` keeps the endpoint and its shares from being deleted. `environment_variables` are given to every
    deployment. With a user-assigned `identity` the endpoint has none of its own. `roles` are what its scripts
    need beyond the workspace's resources, `callers` the principals that may call an `aad_token` endpoint.
    """

    assets: Assets
    spec: EndpointSpec
    slots: Sequence[Slot]
    traffic: Shares | None = None
    mirror_traffic: Shares | None = None
    allow_live_change: bool = False
    protect: bool = False
    environment_variables: Mapping[str, pulumi.Input[str]] | None = None
    identity: ManagedIdentity | None = None
    roles: Sequence[ScopedRole] = ()
    callers: Sequence[Caller] = ()


class Endpoint(Component):
    """An endpoint, its deployments, the guard of the live ones, and the shares.

    The endpoint resource never includes shares: they belong to EndpointTraffic, and the two would overwrite
    each other.
    """

    resource: ml.OnlineEndpoint
    """The endpoint itself."""
    name: pulumi.Output[str]
    """Its name in Azure."""
    scoring_uri: pulumi.Output[str]
    """The URL for requests."""
    swagger_uri: pulumi.Output[str]
    """The URL of its OpenAPI description."""
    deployments: pulumi.Output[Mapping[str, int]]
    """The share of each deployment: as given, else the current one."""
    mirror_traffic: pulumi.Output[Any]
    """The mirror traffic, as given."""
    slots: Mapping[str, Deployment]
    """Its deployments by slot."""

    def __init__(self, name: str, args: EndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Endpoint", name, opts)
        spec, workspace = args.spec, args.assets.workspace
        self.workspace = workspace
        self.arm_id = arm_id = endpoint_id(workspace.arm_id, spec.name)
        spec = replace(spec, tags={**spec.tags, **workspace.retry_tags(arm_id)})
        if args.identity:
            spec = replace(spec, identity=Identity("user_assigned", (args.identity.arm_id,)))
        _tell_notes(args.slots, self)
        _warn_of_retirements(args.slots, self)
        # It refers to the endpoint by name, so that it runs before the first write, even of the endpoint.
        guarded = LiveSlotsArgs(endpoint_id=arm_id, serves=serves(args.slots), allow=args.allow_live_change)
        guard = LiveSlots(name, guarded, self._child())
        self.resource = self._endpoint(name, args, spec, guard)
        grants = [*workspace.identity_grants, *self._grants(spec, args)]
        self._let_call(args.callers, spec.name, arm_id)
        if workspace.logs_id is not None:
            send_logs(spec.name, self.resource.id, ENDPOINT_LOGS, workspace.logs_id, self._child())
        self.slots = {
            slot.name: Deployment(
                f"{name}-{slot.name}",
                DeploymentArgs(
                    assets=args.assets,
                    endpoint_name=spec.name,
                    slot=slot,
                    environment_variables=args.environment_variables,
                ),
                self._child(pulumi.ResourceOptions(depends_on=[self.resource, guard, *grants])),
            )
            for slot in args.slots
        }
        made = [one.resource for one in self.slots.values()]
        shares = self._traffic(name, args, digest(spec), made)
        self.name = pulumi.Output.from_input(spec.name)
        self.scoring_uri = self.resource.properties.scoring_uri
        self.swagger_uri = self.resource.properties.swagger_uri
        self.deployments = _by_slot(args, shares)
        self.mirror_traffic = known(args.mirror_traffic)
        self.outputs: dict[str, pulumi.Output[Any]] = {
            "name": self.name,
            "scoring_uri": self.scoring_uri,
            "swagger_uri": self.swagger_uri,
            "deployments": self.deployments,
            "mirror_traffic": self.mirror_traffic,
        }
        self.register_outputs(self.outputs)

    def _endpoint(
        self, name: str, args: EndpointArgs, spec: EndpointSpec, guard: LiveSlots
    ) -> ml.OnlineEndpoint:
        workspace, access = args.assets.workspace, spec.public_network_access
        return ml.OnlineEndpoint(
            name,
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
            tags=spec.tags,
            opts=self._child(
                pulumi.ResourceOptions(
                    depends_on=[guard, *workspace.first, *(args.identity.made if args.identity else ())],
                    protect=args.protect or None,
                    ignore_changes=[*SHARES, *ignored_properties(spec.properties)],
                )
            ),
        )

    def _grants(self, spec: EndpointSpec, args: EndpointArgs) -> list[pulumi.Resource]:
        """The roles that a deployment waits for.

        A user-assigned identity has its own grants. An endpoint's own identity gets from Azure what it needs
        at the workspace's resources; where storage keys are disabled, its role there is granted here too. The
        same identity writes collected data.
        """
        if args.identity:
            return args.identity.grants
        if spec.identity and "system_assigned" not in spec.identity.type:
            return []
        workspace, wanted = args.assets.workspace, [(one.role, one.scope) for one in args.roles]
        principal = self.resource.identity.apply(lambda found: found.principal_id if found else "")
        grants: list[pulumi.Resource] = [
            managed_identity_grant(f"{spec.name} on {scope}", role, scope, principal, self._child())
            for role, scope in wanted
        ]
        if workspace.by_identity:
            writes = any(slot.spec.data_collector for slot in args.slots)
            role, place = BLOB_CONTRIBUTOR if writes else BLOB_READER, workspace.storage_account_id
            grants.append(managed_identity_grant(spec.name, role, place, principal, self._child()))
        return grants

    def _let_call(self, callers: Sequence[Caller], name: str, arm_id: str) -> None:
        """The role that includes `onlineEndpoints/score/action`, at this endpoint only.

        learn.microsoft.com, "Authenticate clients for online endpoints".
        """
        for one in callers:
            grant = RoleGrantArgs(
                scope=arm_id, role=DATA_SCIENTIST, principal_id=one.principal, principal_type=one.type
            )
            after = self._child(pulumi.ResourceOptions(depends_on=[self.resource]))
            RoleGrant(f"{one.principal} may call {name}", grant, after)

    def _traffic(
        self, name: str, args: EndpointArgs, written: str, deployments: list[ml.OnlineDeployment]
    ) -> EndpointTraffic:
        return EndpointTraffic(
            name,
            EndpointTrafficArgs(
                endpoint_id=self.resource.id,
                traffic=args.traffic,
                mirror_traffic=args.mirror_traffic,
                deployments=[slot.name for slot in args.slots],
                endpoint_digest=written,
            ),
            # A destroy begins with this resource, so the engine stops with every share and deployment intact.
            self._child(pulumi.ResourceOptions(depends_on=deployments, protect=args.protect or None)),
        )


def _tell_notes(slots: Sequence[Slot], about: pulumi.Resource) -> None:
    """Log each note once, with all the deployments it applies to."""
    noted: dict[str, list[str]] = {}
    for slot in slots:
        for note in slot.bundle.notes:
            noted.setdefault(note, []).append(slot.name)
    for note, names in noted.items():
        pulumi.log.info(f"{', '.join(names)}: {note}", about)


def _warn_of_retirements(slots: Sequence[Slot], about: pulumi.Resource) -> None:
    """Warn once for the endpoint of all that its deployments name and Azure has announced the end of."""
    if found := retiring((slot.spec for slot in slots), date.today()):
        pulumi.log.warn("\n".join(map(str, found)), about)


def _by_slot(args: EndpointArgs, shares: EndpointTraffic) -> pulumi.Output[Mapping[str, int]]:
    def by_slot(traffic: Mapping[str, int]) -> Mapping[str, int]:
        return {slot.name: int(traffic.get(slot.name, 0)) for slot in args.slots}

    return (shares.traffic if args.traffic is None else known(args.traffic)).apply(by_slot)


def _identity(identity: Identity | None) -> ml.ManagedServiceIdentityArgs:
    if identity is None:
        return ml.ManagedServiceIdentityArgs(type="SystemAssigned")
    return ml.ManagedServiceIdentityArgs(
        type=IDENTITIES[identity.type],
        user_assigned_identities=list(identity.user_assigned_identities) or None,
    )


def digest(spec: EndpointSpec) -> str:
    """A digest of everything that a write of the endpoint includes, except the shares."""
    written = {key: value for key, value in asdict(spec).items() if key not in WITHOUT}
    return sha256(json.dumps(written, sort_keys=True, default=dict).encode()).hexdigest()[:16]
