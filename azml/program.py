"""The components that this project's program declares, from the settings of a stack."""

from collections.abc import Mapping, Sequence

import pulumi

from azml import components
from azml.stack.account import Account
from azml.stack.facts import Fact, Standing
from azml.stack.records import Settings, Support
from azml.stack.scoring import ServedEndpoint, serves
from azml.stack.standing import supports
from azml.stack.versions import endpoint_id

# Component names are quoted in annotations, because evaluating them loads azure-native's SDK.


def refuse_live_changes(
    settings: Settings, account: Account, standing: Standing, plugin: pulumi.ProviderResource
) -> None:
    """Stop where deployments with live traffic would change; raises RunError with all the reasons.

    The program refuses because the engine would not: it does not check resources outside `--target`. Only the
    guards are declared, to show what differs from the last update, which only the engine knows.
    """
    if not standing.refused:
        return
    own = account.workspace_id(settings.workspace.resource_group, settings.workspace.name)
    providers = pulumi.ResourceOptions(providers=[plugin])
    for served in settings.endpoints:
        name = served.spec.name
        if (place := endpoint_id(own, name)) in standing.refused:
            around = pulumi.ComponentResource("azml:components:Endpoint", name, {}, providers)
            guard = components.LiveSlotsArgs(endpoint_id=place, serves=serves(served.slots), told=True)
            components.LiveSlots(name, guard, pulumi.ResourceOptions(parent=around))
    reasons = (reason for place in sorted(standing.refused) for reason in standing.refused[place])
    raise pulumi.RunError("\n".join(reasons))


def workspace_args(settings: Settings, account: Account, standing: Standing) -> "components.WorkspaceArgs":
    """The workspace of the settings, with what was found in Azure."""
    own = settings.workspace
    ids = {
        key: account.resource_id(support.resource_group or own.resource_group, kind, support.name or "")
        for key, (_, kind, support) in supports(own).items()
        if support.existing
    }
    storage = ids.get("storageAccount")
    return components.WorkspaceArgs(
        resource_group_name=own.resource_group,
        workspace_name=own.name,
        existing=_existing(settings, account, standing) if own.existing else None,
        existing_resource_group=own.existing_resource_group,
        public_network_access=own.public_network_access,
        shared_keys=own.shared_keys,
        purge=own.purge,
        protect=settings.protect,
        tags=settings.tags,
        storage_account=_storage(storage, standing.found) if storage else None,
        storage_account_name=_own_name(own.storage_account),
        key_vault_id=ids.get("keyVault"),
        key_vault_name=_own_name(own.key_vault),
        log_analytics_id=ids.get("logAnalytics"),
        log_analytics_name=_own_name(own.log_analytics),
        application_insights_id=ids.get("applicationInsights"),
        application_insights_name=_own_name(own.application_insights),
        account=account,
        standing=standing,
    )


def _existing(settings: Settings, account: Account, standing: Standing) -> "components.ExistingWorkspaceArgs":
    own = settings.workspace
    found = standing.found[account.workspace_id(own.resource_group, own.name)]
    return components.ExistingWorkspaceArgs(
        workspace_id=found.text("workspaceId"),
        location=found.location,
        storage_account=_storage(found.text("storageAccount"), standing.found),
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


def tell_rollouts(settings: Settings) -> None:
    """Say of each endpoint with a plan whose its shares are, and that nothing carries the plan out yet."""
    for served in settings.endpoints:
        if served.rollout is not None:
            name = served.spec.name
            pulumi.log.info(
                f"{name}: its rollout owns the shares. pulumi up leaves them as they are, and a new endpoint "
                f"at 0 percent. No command carries the plan out yet: `azml rollout explain {name}` shows it, "
                f"and `azml traffic {name} SLOT=PERCENT` moves traffic."
            )


def receivers(
    settings: Settings, workspace: "components.Workspace", opts: pulumi.ResourceOptions
) -> Sequence[pulumi.Input[str]]:
    """The ids of the action groups that are told of alerts; declares one where there is anybody to tell."""
    told = settings.notify
    if not told:
        return ()
    args = components.AlertReceiversArgs(
        workspace=workspace,
        emails=told.emails,
        webhooks=told.webhooks,
        action_group_ids=told.action_groups,
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


def endpoint_args(served: ServedEndpoint, assets: "components.Assets") -> "components.EndpointArgs":
    """One endpoint of the settings."""
    return components.EndpointArgs(
        assets=assets,
        spec=served.spec,
        slots=served.slots,
        traffic=served.traffic,
        mirror_traffic=served.mirror_traffic,
        allow_live_change=served.allow_live_change,
        protect=served.protect,
    )
