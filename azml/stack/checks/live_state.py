"""What exists in Azure already: read once, and checked before anything is declared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pulumi

from azml.azure.endpoints import API_VERSION
from azml.findings import Finding, InvalidInput, Place
from azml.stack.account import Account
from azml.stack.checks.identities import (
    AskedRole,
    asked_roles,
    endpoint_identities,
    identity_id,
    lacking,
    spec_with_identity,
    without_registry,
)
from azml.stack.checks.immutable import refused_changes
from azml.stack.checks.network_findings import VIRTUAL_NETWORK, elsewhere, network_changes, network_id
from azml.stack.checks.quota import ask_quota, needs, refused_by_quota
from azml.stack.checks.retiring import refused_size
from azml.stack.config.customer_key import key_changes
from azml.stack.config.promotion import other_regions
from azml.stack.config.records import VAULT, Settings, WorkspaceSettings
from azml.stack.endpoint.scoring import ServedEndpoint, serves
from azml.stack.facts import Fact, LackedRole, LiveState, ReservedName
from azml.stack.questions import ask
from azml.stack.versions import deployment_id, endpoint_id, version_ids

WORDS = {
    "storageAccount": "storage account",
    "keyVault": "key vault",
    "logAnalytics": "Log Analytics workspace",
    "applicationInsights": "Application Insights component",
    "containerRegistry": "container registry",
}
"""What the resources a workspace depends on are called, by settings key."""
REGISTRY = "Azure ML registry"
_DELETING = "deleting"
_PURGE = "az rest --method delete --url '{id}?api-version={version}&forceToPurge=true'"


@dataclass(frozen=True)
class Needed:
    """A resource that the settings say exists: its kind, its ARM id, and its position in the settings."""

    what: str
    id: str
    place: Place


def read_live_state(settings: Settings, account: Account, plugin: pulumi.ProviderResource) -> LiveState:
    """Read everything that the settings say exists, and whatever would conflict with the stack.

    Raises InvalidInput with everything that is missing, being deleted, or would be refused by Azure. Live
    slots that must not change are in the result, not raised.
    """
    own = account.workspace_id(settings.workspace.resource_group, settings.workspace.name)
    needed = list(_needed(settings, account))
    roles = asked_roles(settings, account)
    options = pulumi.InvokeOptions(provider=plugin)
    live_state = ask_live_state(_question(settings, account, needed, roles), options)
    findings = dict.fromkeys((*_findings(settings, account, needed, live_state), *lacking(roles, live_state)))
    live = live_state.found.get(own)
    findings |= dict.fromkeys(network_changes(settings.workspace.managed_network, live))
    findings |= dict.fromkeys(key_changes(settings.workspace.customer_key, live))
    findings |= dict.fromkeys(without_registry(settings, live))
    for served in settings.endpoints:
        if fact := live_state.found.get(endpoint_id(own, served.spec.name)):
            spec = spec_with_identity(served, settings.workspace, account)
            findings |= dict.fromkeys(refused_changes(spec, fact, own))
        findings |= dict.fromkeys(_retired(served, live_state, own))
    wanted = needs(settings, own, live_state)
    where = live.location if live else _region(settings.workspace, account, live_state)
    quota = ask_quota(wanted, account.subscription_id, where, options)
    if quota:
        findings |= dict.fromkeys(refused_by_quota(wanted, quota))
    if findings:
        raise InvalidInput(findings)
    return replace(live_state, quota=quota)


def ask_live_state(question: Mapping[str, object], options: pulumi.InvokeOptions) -> LiveState:
    """What our plugin reports about existing resources: see the function `live_state` of its schema."""
    answer = ask("liveState", question, options)
    return LiveState(
        {one: _fact(item) for one, item in answer["found"].items()},
        tuple(ReservedName(**item) for item in answer["reserved"]),
        frozenset(answer["registered"]),
        {one: tuple(reasons) for one, reasons in answer["refused"].items()},
        dict(answer["rollouts"]),
        {
            LackedRole(item["identity"], item["role"], item["scope"], item.get("through")): item["at"]
            for item in answer["lacking"]
        },
    )


def _fact(body: Mapping[str, Any]) -> Fact:
    identity = body["identity"]
    return Fact(
        body["location"],
        body["state"],
        identity["type"],
        tuple(identity["users"]),
        body["properties"],
        body.get("retry"),
        None if body.get("capacity") is None else int(body["capacity"]),
    )


def _question(
    settings: Settings, account: Account, needed: list[Needed], roles: list[AskedRole]
) -> dict[str, object]:
    workspace = settings.workspace
    own = account.workspace_id(workspace.resource_group, workspace.name)
    served = {endpoint_id(own, one.spec.name): one for one in settings.endpoints}
    asked: dict[str, object] = {
        "ids": list(
            dict.fromkeys(
                (
                    account.group_id(workspace.resource_group),
                    *(one.id for one in needed),
                    own,
                    *served,
                    *(deployment_id(place, slot.name) for place, one in served.items() for slot in one.slots),
                )
            )
        ),
        "versions": version_ids(own, [slot.bundle for one in settings.endpoints for slot in one.slots]),
        "serves": {place: serves(one.slots) for place, one in served.items() if not one.allow_live_change},
    }
    if planned := [place for place, one in served.items() if one.rollout is not None]:
        asked["rollouts"] = planned
    if roles:
        asked["roles"] = [role.question() for role in roles]
    if not workspace.existing:
        asked["workspace"] = own
        if workspace.key_vault.name and not workspace.key_vault.existing:
            asked["vault"] = account.resource_id(workspace.resource_group, VAULT, workspace.key_vault.name)
    return asked


def _findings(
    settings: Settings, account: Account, needed: list[Needed], live_state: LiveState
) -> Iterator[Finding]:
    workspace = settings.workspace
    yield from _leaving(workspace, live_state.found.get(account.group_id(workspace.resource_group)))
    yield from _missing(needed, live_state)
    if workspace.existing:
        own = account.workspace_id(workspace.resource_group, workspace.name)
        yield from _without_storage(workspace, live_state, own)
    else:
        yield from elsewhere(workspace, account, live_state, _region(workspace, account, live_state))
    there = live_state.found.get(account.workspace_id(workspace.resource_group, workspace.name))
    region = there.location if there else _region(workspace, account, live_state)
    yield from other_regions(settings.promotion, live_state.found, region)
    for reserved in live_state.reserved:
        if reserved.protected or not workspace.purge:
            yield _reserved_name(workspace, reserved)


def _region(workspace: WorkspaceSettings, account: Account, live_state: LiveState) -> str:
    """Where the stack creates resources: the configured region, else that of an existing group."""
    group = live_state.found.get(account.group_id(workspace.resource_group))
    return pulumi.Config("azure-native").get("location") or (group.location if group else "")


def _needed(settings: Settings, account: Account) -> Iterator[Needed]:
    """Everything marked `existing: true`; resources come after their resource group."""
    workspace = settings.workspace
    own = workspace.resource_group
    if workspace.existing_resource_group:
        yield Needed("resource group", account.group_id(own), workspace.group_place)
    if workspace.existing:
        yield Needed("workspace", account.workspace_id(own, workspace.name), workspace.place)
    for key, (kind, support) in workspace.supports.items():
        if support.existing and support.name:
            group = support.resource_group or own
            yield Needed(WORDS[key], account.resource_id(group, kind, support.name), support.place)
    if (network := network_id(workspace)) and workspace.private_endpoints:
        yield Needed(VIRTUAL_NETWORK, network, workspace.private_endpoints.place)
    if settings.promotion:
        yield Needed(REGISTRY, settings.promotion.registry_id, settings.promotion.place)
    for identity in (workspace.identity, *endpoint_identities(settings).values()):
        if identity.existing and identity.name:
            yield Needed("identity", identity_id(identity, workspace, account), identity.place)


def _missing(needed: list[Needed], live_state: LiveState) -> Iterator[Finding]:
    for one in needed:
        name, group = one.id.rpartition("/")[2], one.id.split("/")[4]
        fact = live_state.found.get(one.id)
        where = "the subscription" if one.what == "resource group" else f"the resource group {group}"
        if fact is None:
            message = f"there is no {one.what} {name!r} in {where} ({one.id})"
            own = "" if one.what == REGISTRY else ", or let the stack create it: leave out existing: true"
            remedy = f"name one that exists{own}"
            yield Finding(message, remedy, *one.place)
        elif fact.state.lower() == _DELETING and one.what != "resource group":
            yield Finding(
                f"the {one.what} {name!r} is being deleted", "name one that is not being deleted", *one.place
            )


def _leaving(workspace: WorkspaceSettings, group: Fact | None) -> Iterator[Finding]:
    if group is not None and group.state.lower() == _DELETING:
        message = f"the resource group {workspace.resource_group!r} is being deleted, with all that is in it"
        yield Finding(message, "wait until it is gone, or name another one", *workspace.group_place)


def _without_storage(workspace: WorkspaceSettings, live_state: LiveState, own: str) -> Iterator[Finding]:
    """Findings for a missing storage account, where models and code are uploaded."""
    fact = live_state.found.get(own)
    if fact is None:
        return
    account = fact.text("storageAccount")
    if not account:
        message = f"the workspace {workspace.name!r} has no storage account to hold models and code"
        yield Finding(message, "name a workspace that has one", *workspace.place)
    elif account not in live_state.found:
        message = f"the storage account of the workspace {workspace.name!r} is not there ({account})"
        yield Finding(message, "name a workspace whose storage account exists", *workspace.place)


def _retired(served: ServedEndpoint, live_state: LiveState, own: str) -> Iterator[Finding]:
    for slot in served.slots:
        fact = live_state.found.get(deployment_id(endpoint_id(own, served.spec.name), slot.name))
        yield from refused_size(slot.spec, fact.text("instanceType") if fact else "", date.today())


def _reserved_name(workspace: WorkspaceSettings, reserved: ReservedName) -> Finding:
    name = reserved.id.rpartition("/")[2]
    if f"/{VAULT}/" not in reserved.id:
        message = f"the workspace {name!r} was deleted, and Azure keeps its name until {reserved.until}"
        recover = 'recover it in the Azure portal under "Azure Machine Learning", "Recently deleted"'
        purge = _PURGE.format(id=reserved.id, version=API_VERSION)
        return Finding(message, f"take another name, purge it: {purge}; or {recover}", *workspace.place)
    message = f"the key vault {name!r} was deleted, and Azure keeps its name until {reserved.until}"
    at = f"--name {name} --location {reserved.location}"
    purge = "" if reserved.protected else f"purge it: az keyvault purge {at}; or "
    remedy = f"take another name, {purge}recover it: az keyvault recover {at}, and add existing: true"
    return Finding(message, remedy, *workspace.key_vault.place)
