"""What exists in Azure already: read once, and checked before anything is declared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pulumi

from azml.azure.endpoints import API_VERSION
from azml.findings import Finding, InvalidInput, Place
from azml.stack.account import Account
from azml.stack.customer_key import key_changes
from azml.stack.facts import Fact, Held, LackedRole, Standing
from azml.stack.identities import (
    AskedRole,
    asked_roles,
    endpoint_identities,
    identity_id,
    lacking,
    spec_with_identity,
    without_registry,
)
from azml.stack.immutable import refused_changes
from azml.stack.network_findings import VIRTUAL_NETWORK, elsewhere, network_changes, network_id
from azml.stack.promotion import other_regions
from azml.stack.questions import ask
from azml.stack.records import VAULT, Settings, WorkspaceSettings
from azml.stack.retiring import refused_size
from azml.stack.scoring import ServedEndpoint, serves
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


def look(settings: Settings, account: Account, plugin: pulumi.ProviderResource) -> Standing:
    """Read everything that the settings say exists, and whatever would conflict with the stack.

    Raises InvalidInput with everything that is missing, being deleted, or would be refused by Azure. Live
    slots that must not change are in the result, not raised.
    """
    own = account.workspace_id(settings.workspace.resource_group, settings.workspace.name)
    needed = list(_needed(settings, account))
    roles = asked_roles(settings, account)
    options = pulumi.InvokeOptions(provider=plugin)
    standing = ask_standing(_question(settings, account, needed, roles), options)
    findings = dict.fromkeys((*_findings(settings, account, needed, standing), *lacking(roles, standing)))
    live = standing.found.get(own)
    findings |= dict.fromkeys(network_changes(settings.workspace.managed_network, live))
    findings |= dict.fromkeys(key_changes(settings.workspace.customer_key, live))
    findings |= dict.fromkeys(without_registry(settings, live))
    for served in settings.endpoints:
        if fact := standing.found.get(endpoint_id(own, served.spec.name)):
            spec = spec_with_identity(served, settings.workspace, account)
            findings |= dict.fromkeys(refused_changes(spec, fact, own))
        findings |= dict.fromkeys(_retired(served, standing, own))
    if findings:
        raise InvalidInput(findings)
    return standing


def ask_standing(question: Mapping[str, object], options: pulumi.InvokeOptions) -> Standing:
    """What our plugin reports about existing resources: see the function `standing` of its schema."""
    answer = ask("standing", question, options)
    return Standing(
        {one: _fact(told) for one, told in answer["found"].items()},
        tuple(Held(**told) for told in answer["held"]),
        frozenset(answer["registered"]),
        {one: tuple(reasons) for one, reasons in answer["refused"].items()},
        dict(answer["rollouts"]),
        {
            LackedRole(told["identity"], told["role"], told["scope"], told.get("through")): told["at"]
            for told in answer["lacking"]
        },
    )


def _fact(told: Mapping[str, Any]) -> Fact:
    identity = told["identity"]
    return Fact(
        told["location"],
        told["state"],
        identity["type"],
        tuple(identity["users"]),
        told["properties"],
        told.get("retry"),
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
    settings: Settings, account: Account, needed: list[Needed], standing: Standing
) -> Iterator[Finding]:
    workspace = settings.workspace
    yield from _leaving(workspace, standing.found.get(account.group_id(workspace.resource_group)))
    yield from _missing(needed, standing)
    if workspace.existing:
        own = account.workspace_id(workspace.resource_group, workspace.name)
        yield from _without_storage(workspace, standing, own)
    else:
        yield from elsewhere(workspace, account, standing, _region(workspace, account, standing))
    there = standing.found.get(account.workspace_id(workspace.resource_group, workspace.name))
    region = there.location if there else _region(workspace, account, standing)
    yield from other_regions(settings.promotion, standing.found, region)
    for held in standing.held:
        if held.protected or not workspace.purge:
            yield _taken(workspace, held)


def _region(workspace: WorkspaceSettings, account: Account, standing: Standing) -> str:
    """Where the stack creates resources: the configured region, else that of an existing group."""
    group = standing.found.get(account.group_id(workspace.resource_group))
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


def _missing(needed: list[Needed], standing: Standing) -> Iterator[Finding]:
    for one in needed:
        name, group = one.id.rpartition("/")[2], one.id.split("/")[4]
        fact = standing.found.get(one.id)
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


def _without_storage(workspace: WorkspaceSettings, standing: Standing, own: str) -> Iterator[Finding]:
    """Findings for a missing storage account, where models and code are uploaded."""
    fact = standing.found.get(own)
    if fact is None:
        return
    account = fact.text("storageAccount")
    if not account:
        message = f"the workspace {workspace.name!r} has no storage account to hold models and code"
        yield Finding(message, "name a workspace that has one", *workspace.place)
    elif account not in standing.found:
        message = f"the storage account of the workspace {workspace.name!r} is not there ({account})"
        yield Finding(message, "name a workspace whose storage account exists", *workspace.place)


def _retired(served: ServedEndpoint, standing: Standing, own: str) -> Iterator[Finding]:
    for slot in served.slots:
        fact = standing.found.get(deployment_id(endpoint_id(own, served.spec.name), slot.name))
        yield from refused_size(slot.spec, fact.text("instanceType") if fact else "", date.today())


def _taken(workspace: WorkspaceSettings, held: Held) -> Finding:
    name = held.id.rpartition("/")[2]
    if f"/{VAULT}/" not in held.id:
        message = f"the workspace {name!r} was deleted, and Azure keeps its name until {held.until}"
        recover = 'recover it in the Azure portal under "Azure Machine Learning", "Recently deleted"'
        purge = _PURGE.format(id=held.id, version=API_VERSION)
        return Finding(message, f"take another name, purge it: {purge}; or {recover}", *workspace.place)
    message = f"the key vault {name!r} was deleted, and Azure keeps its name until {held.until}"
    at = f"--name {name} --location {held.location}"
    purge = "" if held.protected else f"purge it: az keyvault purge {at}; or "
    remedy = f"take another name, {purge}recover it: az keyvault recover {at}, and add existing: true"
    return Finding(message, remedy, *workspace.key_vault.place)
