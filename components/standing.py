"""What stands in Azure already: asked for once, and judged before anything is declared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pulumi

from azml.findings import Finding, InvalidInput, Place

from .account import Account
from .immutable import Fact, refused_changes
from .plugin import Plugin, asking
from .settings import Settings, Support, WorkspaceSettings

VAULT = "Microsoft.KeyVault/vaults"
_DELETING = "deleting"
_PURGE = "az rest --method delete --url '{id}?api-version=2025-12-01&forceToPurge=true'"


@dataclass(frozen=True)
class Held:
    """A name that a deleted resource holds until `until`; no purge helps where it is `protected`."""

    id: str
    until: str
    location: str
    protected: bool


@dataclass(frozen=True)
class Standing:
    """Every resource that was asked for and exists, by ARM id."""

    found: Mapping[str, Fact]
    held: tuple[Held, ...] = ()


@dataclass(frozen=True)
class Needed:
    """A resource that the settings say exists: what it is, its ARM id, and where they say so."""

    what: str
    id: str
    place: Place


def look(settings: Settings, account: Account, plugin: Plugin) -> Standing:
    """Ask once for all that the settings say exists, and for what would stand in the stack's way.

    Raises InvalidInput with everything that is not there, on its way out, or not as Azure would take it.
    """
    workspace = settings.workspace
    own = account.workspace_id(workspace.resource_group, workspace.name)
    endpoints = {f"{own}/onlineEndpoints/{one.spec.name}": one for one in settings.endpoints}
    needed = list(_needed(workspace, account))
    group = account.group_id(workspace.resource_group)
    asked: dict[str, object] = {"ids": [group, *(one.id for one in needed), *endpoints]}
    if not workspace.existing:
        asked["workspace"] = own
        if workspace.key_vault.name and not workspace.key_vault.existing:
            asked["vault"] = account.resource_id(workspace.resource_group, VAULT, workspace.key_vault.name)
    standing = _ask(asked, plugin)
    findings = [
        *_leaving(workspace, standing.found.get(group)),
        *_missing(needed, standing),
        *(_without_storage(workspace, standing, own) if workspace.existing else ()),
        *(_taken(workspace, one) for one in standing.held if one.protected or not workspace.purge),
    ]
    for endpoint, served in endpoints.items():
        if fact := standing.found.get(endpoint):
            findings += refused_changes(served.spec, fact, own)
    if findings:
        raise InvalidInput(dict.fromkeys(findings))
    return standing


def _ask(asked: Mapping[str, object], plugin: Plugin) -> Standing:
    options = pulumi.InvokeOptions(provider=plugin)
    with asking():
        answer = pulumi.runtime.invoke("azml:index:standing", dict(asked), options).value
    found = {
        one: Fact(
            told["location"],
            told["state"],
            told["identity"]["type"],
            tuple(told["identity"]["users"]),
            told["properties"],
        )
        for one, told in answer["found"].items()
    }
    return Standing(found, tuple(Held(**told) for told in answer["held"]))


def supports(workspace: WorkspaceSettings) -> dict[str, tuple[str, str, Support]]:
    """What a workspace stands on, by its key in the settings: in words, as Azure's type, and as told."""
    return {
        "storageAccount": ("storage account", "Microsoft.Storage/storageAccounts", workspace.storage_account),
        "keyVault": ("key vault", VAULT, workspace.key_vault),
        "logAnalytics": (
            "Log Analytics workspace",
            "Microsoft.OperationalInsights/workspaces",
            workspace.log_analytics,
        ),
        "applicationInsights": (
            "Application Insights component",
            "Microsoft.Insights/components",
            workspace.application_insights,
        ),
    }


def _needed(workspace: WorkspaceSettings, account: Account) -> Iterator[Needed]:
    """All that is marked `existing: true`, what lies in a resource group after the group."""
    own = workspace.resource_group
    if workspace.existing_resource_group:
        yield Needed("resource group", account.group_id(own), workspace.group_place)
    if workspace.existing:
        yield Needed("workspace", account.workspace_id(own, workspace.name), workspace.place)
    for what, kind, support in supports(workspace).values():
        if support.existing and support.name:
            group = support.resource_group or own
            yield Needed(what, account.resource_id(group, kind, support.name), support.place)


def _missing(needed: list[Needed], standing: Standing) -> Iterator[Finding]:
    for one in needed:
        name, group = one.id.rpartition("/")[2], one.id.split("/")[4]
        fact = standing.found.get(one.id)
        where = "the subscription" if one.what == "resource group" else f"the resource group {group}"
        if fact is None:
            message = f"there is no {one.what} {name!r} in {where} ({one.id})"
            remedy = "name one that exists, or have it made: leave out existing: true"
            yield Finding(message, remedy, *one.place)
        elif fact.state.lower() == _DELETING and one.what != "resource group":
            yield Finding(f"the {one.what} {name!r} is being deleted", "name one that stays", *one.place)


def _leaving(workspace: WorkspaceSettings, group: Fact | None) -> Iterator[Finding]:
    if group is not None and group.state.lower() == _DELETING:
        message = f"the resource group {workspace.resource_group!r} is being deleted, with all that is in it"
        yield Finding(message, "wait until it is gone, or name another one", *workspace.group_place)


def _without_storage(workspace: WorkspaceSettings, standing: Standing, own: str) -> Iterator[Finding]:
    """Models and code go to the workspace's storage account."""
    fact = standing.found.get(own)
    if fact is None:
        return
    account = fact.text("storageAccount")
    if not account:
        message = f"the workspace {workspace.name!r} has no storage account, where models and code would go"
        yield Finding(message, "name a workspace that has one", *workspace.place)
    elif account not in standing.found:
        message = f"the storage account of the workspace {workspace.name!r} is not there ({account})"
        yield Finding(message, "name a workspace whose storage account exists", *workspace.place)


def _taken(workspace: WorkspaceSettings, held: Held) -> Finding:
    name = held.id.rpartition("/")[2]
    if f"/{VAULT}/" not in held.id:
        message = f"the workspace {name!r} was deleted, and Azure keeps its name until {held.until}"
        recover = 'recover it in the Azure portal under "Azure Machine Learning", "Recently deleted"'
        purge = _PURGE.format(id=held.id)
        return Finding(message, f"take another name, purge it: {purge}; or {recover}", *workspace.place)
    message = f"the key vault {name!r} was deleted, and Azure keeps its name until {held.until}"
    at = f"--name {name} --location {held.location}"
    purge = "" if held.protected else f"purge it: az keyvault purge {at}; or "
    remedy = f"take another name, {purge}recover it: az keyvault recover {at}, and add existing: true"
    return Finding(message, remedy, *workspace.key_vault.place)
