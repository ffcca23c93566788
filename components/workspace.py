"""The workspace and its dependencies: resource group, storage account, key vault, logs and insights."""

from collections.abc import Mapping

import pulumi
from pulumi_azure_native import machinelearningservices, resources

from azml.roles import BLOB_CONTRIBUTOR, FILE_CONTRIBUTOR, KEY_USER, Need, Scope, workspace_needs
from azml.stack.account import account
from azml.stack.config.private_endpoints import PrivateEndpoints

from .build_cluster import build_cluster
from .component import Component
from .diagnostics import SUPPORT_LOGS, WORKSPACE_LOGS, send_logs
from .managed_identity import ManagedIdentity, ManagedIdentityArgs
from .managed_network import managed_network
from .private_network import PrivateNetwork, PrivateNetworkArgs, targets_of
from .purge import PurgeOnDelete, PurgeOnDeleteArgs
from .roles import RoleGrant, RoleGrantArgs, managed_identity_grant
from .rollout_journals import rollout_journals
from .workspace_args import WorkspaceArgs
from .workspace_properties import Key, access, encryption, network_state, provisions, workspace_identity
from .workspace_supports import Owner, Supports

GIVEN_BY_AZURE = ["containerRegistry"]
"""Azure adds a registry to a workspace when it first builds an image; a write without it would remove it."""


class Workspace(Component):
    """An Azure Machine Learning workspace, created here or existing.

    Names are plain text, so that previews show them and a change here never makes them unknown elsewhere.
    Uploads must wait for `deployer_grants`, deployments for `identity_grants`; roles are granted only on
    storage that is created here (`grants_roles`).
    """

    resource: machinelearningservices.Workspace | None
    """The workspace itself; None for an existing one."""
    workspace_id: pulumi.Output[str]
    """Its GUID."""
    logs_id: pulumi.Input[str] | None
    """The ARM id of the Log Analytics workspace that gets the logs; None where they are not kept."""
    blob_container: pulumi.Output[str]
    """The container of the default datastore."""

    def __init__(self, name: str, args: WorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Workspace", name, opts)
        self.args = args
        self.name = args.workspace_name or name
        self.resource_group = args.resource_group_name
        self.account = args.account or account(pulumi.InvokeOptions(parent=self))
        self.arm_id = self.account.workspace_id(self.resource_group, self.name)
        self.live_state = args.live_state
        self.location = args.existing.location if args.existing else args.location
        self.grants_roles = False
        self.deployer_grants: list[pulumi.Resource] = []
        self.identity_grants: list[pulumi.Resource] = []
        self._ready: list[pulumi.Resource] = []
        self.logs_id = args.diagnostics.log_analytics_id
        self._options = self._child(pulumi.ResourceOptions(protect=args.protect or None))
        owner = Owner(args, self.name, self.arm_id, self.account, self._tags_with({}), lambda: self._options)
        self._supports = Supports(owner)
        if args.existing:
            self.resource = None
            self.workspace_id = pulumi.Output.from_input(args.existing.workspace_id)
            self._supports.use_storage(args.existing.storage_account)
            if args.existing.container_registry_id:
                self._supports.ids["containerRegistry"] = args.existing.container_registry_id
        else:
            self.resource = self._declare()
        if args.rollout_journals:
            after = pulumi.ResourceOptions(depends_on=self.deployer_grants)
            rollout_journals(
                self.name,
                self.storage_account_id,
                pulumi.ResourceOptions.merge(self._options, after),
            )
        self._supports.ids["workspace"] = self.arm_id
        # Azure ML names the container after the workspace's GUID.
        self.blob_container = pulumi.Output.concat("azureml-blobstore-", self.workspace_id)
        self.register_outputs({"id": self.arm_id, "workspace_id": self.workspace_id})

    def _declare(self) -> machinelearningservices.Workspace:
        args = self.args
        if not args.existing_resource_group:
            self._after([self._resource_group()])
        if args.purge:
            self._after([self._purge()])
        made, user = self._workspace()
        # azure-native previews no output of a resource that changes, and the container's name needs this one.
        known = self._known_workspace_id() if pulumi.runtime.is_dry_run() else None
        self.workspace_id = pulumi.Output.from_input(known or made.workspace_id)
        self.identity_grants = user.grants if user else self._grants_to_its_own_identity(made)
        if args.diagnostics.enabled:
            self._send_logs(made)
        if args.private_endpoints:
            self._ready += self._private_network(args.private_endpoints, made).ready
        if args.build_compute and args.build_compute.size:
            after = self._child(pulumi.ResourceOptions(depends_on=[made, *self._ready]))
            place = (self.resource_group, self.name, self.location)
            self._ready.append(build_cluster(args.build_compute, *place, after))
        return made

    def _workspace(self) -> tuple[machinelearningservices.Workspace, ManagedIdentity | None]:
        """The workspace with what it depends on, and its user-assigned identity."""
        args, supports = self.args, self._supports
        storage, vault = supports.storage_account(), supports.key_vault()
        insights, registry = supports.application_insights(), supports.container_registry()
        self._grant_to_deployer()
        key = supports.customer_key()
        user = self._user_identity(key)
        after = pulumi.ResourceOptions(
            ignore_changes=[*([] if registry else GIVEN_BY_AZURE), *network_state(args.managed_network)],
            depends_on=user.ready if user else None,
        )
        made = machinelearningservices.Workspace(
            self.name,
            workspace_name=self.name,
            resource_group_name=self.resource_group,
            location=self.location,
            sku=machinelearningservices.SkuArgs(name="Basic", tier=machinelearningservices.SkuTier.BASIC),
            identity=workspace_identity(user),
            primary_user_assigned_identity=user.arm_id if user else None,
            storage_account=storage,
            key_vault=vault,
            application_insights=insights,
            container_registry=registry,
            image_build_compute=args.build_compute.name if args.build_compute else None,
            encryption=encryption(key, user),
            managed_network=managed_network(args.managed_network),
            provision_network_now=provisions(args.managed_network),
            public_network_access=access(args.public_network_access),
            v1_legacy_mode=False,
            system_datastores_auth_mode=None if args.shared_keys else "Identity",
            tags=self._tags_with(self.retry_tags(self.arm_id)),
            opts=pulumi.ResourceOptions.merge(self._options, after),
        )
        return made, user

    def _grants_to_its_own_identity(self, made: machinelearningservices.Workspace) -> list[pulumi.Resource]:
        """Where storage keys are disabled, the roles that Azure does not give by itself."""
        if not self.by_identity:
            return []
        principal = made.identity.apply(lambda identity: identity.principal_id if identity else "")
        return [
            managed_identity_grant(self.name, role, self.storage_account_id, principal, self._child())
            for role in (BLOB_CONTRIBUTOR, FILE_CONTRIBUTOR)
        ]

    def _after(self, first: list[pulumi.Resource]) -> None:
        """Make everything declared from here on depend on `first`."""
        after = pulumi.ResourceOptions(depends_on=first)
        self._options = pulumi.ResourceOptions.merge(self._options, after)

    def _known_workspace_id(self) -> str | None:
        fact = self.live_state.found.get(self.arm_id) if self.live_state else None
        return fact.text("workspaceId") or None if fact else None

    def retry_tags(self, resource_id: str) -> dict[str, str]:
        """The tag that has a failed resource written again, according to what Azure reports about it."""
        return self.live_state.retry_tags(resource_id) if self.live_state else {}

    def _tags_with(self, own: Mapping[str, str]) -> pulumi.Input[Mapping[str, pulumi.Input[str]]] | None:
        tags = self.args.tags
        if tags is None or isinstance(tags, Mapping):
            return {**(tags or {}), **own} or None
        return pulumi.Output.all(tags).apply(lambda known: {**(known[0] or {}), **own})

    def _resource_group(self) -> pulumi.Resource:
        return resources.ResourceGroup(
            self.resource_group,
            resource_group_name=self.resource_group,
            location=self.location,
            tags=self._tags_with({}),
            opts=self._options,
        )

    def _purge(self) -> pulumi.Resource:
        """Frees the names once the resources with them are deleted: all that follows depends on it."""
        args, reserved = self.args, self.live_state.reserved if self.live_state else ()
        ours = args.key_vault_id is None
        purge = PurgeOnDeleteArgs(
            workspace_id=self.arm_id,
            vault_name=args.key_vault_name if ours else None,
            vault_prefix=self._supports.vault_name() if ours and not args.key_vault_name else None,
            leftovers=", ".join(one.until for one in reserved) or None,
        )
        return PurgeOnDelete(self.name, purge, self._options)

    def _grant_to_deployer(self) -> None:
        """A role to write models and code, for the identity that runs the program."""
        if (made := self._supports.made.get("storageAccount")) is None:
            return
        self.grants_roles = True
        grant = RoleGrantArgs(
            scope=self.storage_account_id, role=BLOB_CONTRIBUTOR, principal_id=self.account.object_id
        )
        after = self._child(pulumi.ResourceOptions(depends_on=[made]))
        self.deployer_grants = [RoleGrant(f"{BLOB_CONTRIBUTOR} for whoever runs the stack", grant, after)]

    def _user_identity(self, key: Key | None) -> ManagedIdentity | None:
        """The user-assigned identity with all its roles: Azure uses them when it creates the workspace."""
        own = self.args.identity
        if own is None:
            return None
        args = ManagedIdentityArgs(
            account=self.account,
            resource_group_name=own.resource_group_name or self.resource_group,
            location=self.location,
            tags=self._tags_with({}),
            principal_id=own.principal_id,
            protect=self.args.protect,
        )
        made = ManagedIdentity(own.name, args, self._options)
        registry = "containerRegistry" in self._supports.ids
        self.grant(made, workspace_needs(registry=registry, shared_keys=self.args.shared_keys))
        vault = self._supports.made.get("keyVault")
        if key and self.args.customer_key and (self.args.customer_key.name or made.made):
            made.grant(KEY_USER, key[1], "the customer-managed key", [vault] if vault else [])
        return made

    def grant(self, identity: ManagedIdentity, needs: list[Need]) -> None:
        """Give an identity roles at the workspace's resources.

        At an existing resource an existing identity has them from others, or the preview says that it lacks
        them.
        """
        supports = self._supports
        for role, on in needs:
            made = self.resource if on == "workspace" else supports.made.get(on)
            if on in supports.ids and (identity.made or made):
                identity.grant(role, supports.ids[on], on, [made] if made else [])

    def _send_logs(self, made: machinelearningservices.Workspace) -> None:
        """The logs of the workspace, and of the resources created with it."""
        logs = self.logs_id = self.logs_id or self._supports.log_analytics()
        send_logs(self.name, made.id, WORKSPACE_LOGS, logs, self._child())
        for key, below, wanted in SUPPORT_LOGS:
            if key in self._supports.made:
                place = pulumi.Output.concat(self._supports.made[key].id, below)
                send_logs(key, place, wanted, logs, self._child())

    def _private_network(
        self, settings: PrivateEndpoints, made: machinelearningservices.Workspace
    ) -> PrivateNetwork:
        """Private endpoints to the workspace and to the resources created with it."""
        found: dict[Scope, pulumi.CustomResource] = {"workspace": made, **self._supports.made}
        args = PrivateNetworkArgs(
            resource_group_name=self.resource_group,
            location=self.location,
            settings=settings,
            targets=targets_of(self.name, found),
            tags=self._tags_with({}),
            protect=self.args.protect,
        )
        return PrivateNetwork(self.name, args, self._options)

    @property
    def storage_account_id(self) -> pulumi.Output[str]:
        """The ARM id of the storage account of its default datastore."""
        return self._supports.storage_account_id

    @property
    def blob_endpoint(self) -> pulumi.Output[str]:
        """The blob endpoint of that account."""
        return self._supports.blob_endpoint

    @property
    def studio_page(self) -> str:
        """The page of the workspace's endpoints in Azure ML studio."""
        return f"https://ml.azure.com/endpoints?wsid={self.arm_id}&tid={self.account.tenant_id}"

    @property
    def by_identity(self) -> bool:
        """Whether identities read the storage by their roles, because its keys are disabled."""
        return self.grants_roles and not self.args.shared_keys

    @property
    def first(self) -> list[pulumi.Input[pulumi.Resource]]:
        """The resources that must exist before anything is created in the workspace."""
        return [self.resource, *self._ready] if self.resource else self._waits
