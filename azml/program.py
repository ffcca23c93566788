"""The components that this project's program declares, from the settings of a stack."""

from collections.abc import Mapping, Sequence

import pulumi

from azml import components
from azml.stack.account import Account
from azml.stack.checks.identities import endpoint_identities, identity_id, needs_of
from azml.stack.checks.network_findings import one_way_note, open_endpoints
from azml.stack.checks.quota import doubted_by_quota, needs
from azml.stack.config.records import Settings, WorkspaceSettings
from azml.stack.endpoint.scoring import ServedEndpoint, serves
from azml.stack.facts import Fact, LiveState
from azml.stack.sections.support import Support
from azml.stack.versions import endpoint_id

# Component names are quoted in annotations, because evaluating them loads azure-native's SDK.


def refuse_live_changes(
    settings: Settings, account: Account, live_state: LiveState, plugin: pulumi.ProviderResource
) -> None:
    """Stop where deployments with live traffic would change; raises RunError with all the reasons.

    The program refuses because the engine would not: it does not check resources outside `--target`. Only the
    guards are declared, to show what differs from the last update, which only the engine knows.
    """
    if not live_state.refused:
        return
    own = account.workspace_id(settings.workspace.resource_group, settings.workspace.name)
    providers = pulumi.ResourceOptions(providers=[plugin])
    for served in settings.endpoints:
        name = served.spec.name
        if (place := endpoint_id(own, name)) in live_state.refused:
            around = pulumi.ComponentResource("azml:components:Endpoint", name, {}, providers)
            guard = components.LiveSlotsArgs(endpoint_id=place, serves=serves(served.slots), told=True)
            components.LiveSlots(name, guard, pulumi.ResourceOptions(parent=around))
    reasons = (reason for place in sorted(live_state.refused) for reason in live_state.refused[place])
    raise pulumi.RunError("\n".join(reasons))


def workspace_args(settings: Settings, account: Account, live_state: LiveState) -> "components.WorkspaceArgs":
    """The workspace of the settings, with what was found in Azure."""
    own = settings.workspace
    ids = {
        key: account.resource_id(support.resource_group or own.resource_group, kind, support.name or "")
        for key, (kind, support) in own.supports.items()
        if support.existing
    }
    storage = ids.get("storageAccount")
    return components.WorkspaceArgs(
        resource_group_name=own.resource_group,
        workspace_name=own.name,
        existing=_existing(settings, account, live_state) if own.existing else None,
        existing_resource_group=own.existing_resource_group,
        public_network_access=own.public_network_access,
        shared_keys=own.shared_keys,
        purge=own.purge,
        protect=settings.protect,
        tags=settings.tags,
        storage_account=_storage(storage, live_state.found) if storage else None,
        storage_account_name=_own_name(own.storage_account),
        key_vault_id=ids.get("keyVault"),
        key_vault_name=_own_name(own.key_vault),
        log_analytics_id=ids.get("logAnalytics"),
        log_analytics_name=_own_name(own.log_analytics),
        application_insights_id=ids.get("applicationInsights"),
        application_insights_name=_own_name(own.application_insights),
        container_registry_id=ids.get("containerRegistry"),
        container_registry_name=_own_name(own.container_registry),
        identity=_user_identity(own.identity, own, account, live_state),
        diagnostics=components.DiagnosticsArgs(
            enabled=settings.diagnostics.enabled, log_analytics_id=settings.diagnostics.log_analytics_id
        ),
        managed_network=own.managed_network,
        private_endpoints=own.private_endpoints,
        build_compute=own.build_compute,
        purge_protection=own.purge_protection,
        customer_key=own.customer_key,
        account=account,
        live_state=live_state,
        rollout_journals=any(served.rollout is not None for served in settings.endpoints),
    )


def _existing(
    settings: Settings, account: Account, live_state: LiveState
) -> "components.ExistingWorkspaceArgs":
    own = settings.workspace
    found = live_state.found[account.workspace_id(own.resource_group, own.name)]
    return components.ExistingWorkspaceArgs(
        workspace_id=found.text("workspaceId"),
        location=found.location,
        storage_account=_storage(found.text("storageAccount"), live_state.found),
        container_registry_id=found.text("containerRegistry") or None,
    )


def _user_identity(
    support: Support, workspace: WorkspaceSettings, account: Account, live_state: LiveState
) -> "components.UserIdentityArgs | None":
    """The identity as it was found in Azure, or one to create."""
    if support.name is None:
        return None
    found = live_state.found.get(identity_id(support, workspace, account)) if support.existing else None
    return components.UserIdentityArgs(
        name=support.name,
        principal_id=found.text("principalId") if found else None,
        resource_group_name=support.resource_group,
    )


def _storage(account_id: str, found: Mapping[str, Fact]) -> "components.ExistingStorageArgs":
    """The blob address is empty for an account without blobs."""
    endpoints = found[account_id].properties.get("primaryEndpoints")
    blob = str(endpoints.get("blob") or "") if isinstance(endpoints, dict) else ""
    return components.ExistingStorageArgs(id=account_id, blob_endpoint=blob)


def _own_name(support: Support) -> str | None:
    return None if support.existing else support.name


def assets_args(settings: Settings, workspace: "components.Workspace") -> "components.AssetsArgs":
    """The assets of all endpoints in the settings."""
    bundles = [slot.bundle for served in settings.endpoints for slot in served.slots]
    return components.AssetsArgs(workspace=workspace, bundles=bundles)


def tell_one_way_changes(settings: Settings, account: Account, live_state: LiveState) -> None:
    """Warn of a change of the workspace's network that Azure does not undo."""
    own = settings.workspace
    live = live_state.found.get(account.workspace_id(own.resource_group, own.name))
    if note := one_way_note(own.managed_network, live):
        pulumi.log.warn(f"{own.name}: {note}")


def tell_quota(settings: Settings, account: Account, live_state: LiveState) -> None:
    """Warn of what Azure may refuse for lack of machines, and say where it could not be asked."""
    quota = live_state.quota
    if quota is None:
        return
    if quota.unread:
        pulumi.log.info(f"the quota in {quota.location} was not compared with the stack: {quota.unread}")
    own = account.workspace_id(settings.workspace.resource_group, settings.workspace.name)
    if doubts := list(doubted_by_quota(needs(settings, own, live_state), quota)):
        pulumi.log.warn("\n".join(map(str, dict.fromkeys(doubts))))


def tell_open_endpoints(settings: Settings) -> None:
    """Warn of endpoints that public networks reach, in a workspace that they do not reach."""
    if found := list(open_endpoints(settings.workspace, settings.endpoints)):
        pulumi.log.warn("\n".join(map(str, found)))


def tell_rollouts(settings: Settings, account: Account, live_state: LiveState) -> None:
    """Say of each endpoint with a plan whose its shares are, and how its rollout stands."""
    own = account.workspace_id(settings.workspace.resource_group, settings.workspace.name)
    for served in settings.endpoints:
        if served.rollout is not None:
            name = served.spec.name
            under_way = live_state.rollouts.get(endpoint_id(own, name))
            pulumi.log.info(
                f"{name}: its rollout owns the shares. pulumi up leaves them as they are, and a new endpoint "
                f"at 0 percent. {under_way or _how_to_begin(name)}"
            )


def _how_to_begin(name: str) -> str:
    return f"`azml rollout run {name}` takes the idle slot's version live."


def receivers(
    settings: Settings, workspace: "components.Workspace", opts: pulumi.ResourceOptions
) -> Sequence[pulumi.Input[str]]:
    """The ids of the action groups that are told of alerts; declares one where there is anybody to tell."""
    notify = settings.notify
    if not notify:
        return ()
    args = components.AlertReceiversArgs(
        workspace=workspace,
        emails=notify.emails,
        webhooks=notify.webhooks,
        action_group_ids=notify.action_groups,
    )
    return components.AlertReceivers(f"ag-{settings.workspace.name}", args, opts).action_group_ids


def watch(
    served: ServedEndpoint,
    endpoint: "components.Endpoint",
    action_group_ids: Sequence[pulumi.Input[str]],
    opts: pulumi.ResourceOptions,
) -> None:
    """Declare what watches an endpoint, as far as its settings ask for it: autoscaling, workbook, alerts."""
    if scales := {slot.name: slot.scale for slot in served.slots if slot.scale}:
        autoscale = components.AutoscaleArgs(endpoint=endpoint, scales=scales)
        components.Autoscale(served.spec.name, autoscale, opts)
    if served.workbook:
        book = components.EndpointWorkbookArgs(endpoint=endpoint, title=f"Endpoint {served.spec.name}")
        components.EndpointWorkbook(served.spec.name, book, opts)
    if served.alerts:
        args = components.AlertsArgs(
            endpoint=endpoint, rules=served.alerts, action_group_ids=action_group_ids
        )
        components.Alerts(served.spec.name, args, opts)


def identities(
    settings: Settings, workspace: "components.Workspace", opts: pulumi.ResourceOptions
) -> "dict[str, components.ManagedIdentity]":
    """The user-assigned identities of endpoints by name, with the roles that their endpoints need."""
    made = {}
    after = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=workspace.first))
    for name, support in endpoint_identities(settings).items():
        found = _user_identity(
            support, settings.workspace, workspace.account, workspace.live_state or LiveState()
        )
        args = components.ManagedIdentityArgs(
            account=workspace.account,
            resource_group_name=support.resource_group or workspace.resource_group,
            location=workspace.location,
            tags=settings.tags or None,
            principal_id=found.principal_id if found else None,
            protect=settings.protect,
        )
        made[name] = components.ManagedIdentity(name, args, after)
        users = [one for one in settings.endpoints if one.access.identity.name == name]
        workspace.grant(made[name], list(dict.fromkeys(need for one in users for need in needs_of(one))))
        if not support.existing:
            for role, scope in dict.fromkeys(
                (role.role, role.scope) for one in users for role in one.access.roles
            ):
                made[name].grant(role, scope, scope, [])
    return made


def endpoint_args(
    served: ServedEndpoint,
    assets: "components.Assets",
    identities: "Mapping[str, components.ManagedIdentity]",
) -> "components.EndpointArgs":
    """One endpoint of the settings."""
    return components.EndpointArgs(
        assets=assets,
        spec=served.spec,
        slots=served.slots,
        traffic=served.traffic,
        mirror_traffic=served.mirror_traffic,
        allow_live_change=served.allow_live_change,
        protect=served.protect,
        identity=identities.get(served.access.identity.name or ""),
        roles=served.access.roles,
        callers=served.access.callers,
    )
