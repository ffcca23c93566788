"""The stack's settings, read once and checked at once: the only reader of the stack config."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi.runtime import get_config_env
from pulumi.runtime.config import CONFIG

from azml.bundling import HashCache
from azml.findings import Place

from . import names, target
from .clashes import check_versions
from .guard import allowed_once
from .scoring import EndpointSettings, ServedEndpoint, SlotSettings, load, unread
from .section import Faults, Section, describe
from .stack_file import StackFile
from .target import Target

MOST_DEPLOYMENTS = 20
"""Deployments of one endpoint, the limit of Azure Machine Learning."""
KEYS = ("target", "workspace", "endpoints", "protect", "tags", "policyTags", "studioUrl")
ENDPOINT_KEYS = (
    *("path", "file", "name", "deployments", "traffic", "mirror_traffic", "allow_live_change", "protect"),
)
SUPPORT_RULES = {
    "storageAccount": names.STORAGE_ACCOUNT,
    "keyVault": names.KEY_VAULT,
    "logAnalytics": names.LOG_ANALYTICS,
    "applicationInsights": names.APPLICATION_INSIGHTS,
}
WORKSPACE_FLAGS = ("publicNetworkAccess", "sharedKeys", "purge")
WORKSPACE_KEYS = ("resourceGroup", "name", "existing", *WORKSPACE_FLAGS, *SUPPORT_RULES)
NOWHERE = Place(None, None, None)


@dataclass(frozen=True)
class Support:
    """A resource the workspace stands on: its name (None: one of our choosing), and whether it is there.

    `resource_group` is where an existing one lives, None for the workspace's own; `place` is where the
    settings name it.
    """

    name: str | None = None
    existing: bool = False
    resource_group: str | None = None
    place: Place = NOWHERE


@dataclass(frozen=True)
class WorkspaceSettings:
    """The workspace. `existing` means it is used as it stands, with everything below it.

    Without `shared_keys` its storage opens to identities with a role alone (a preview of Azure's). `purge`
    frees its name and its vault's when the stack is destroyed. `place` is where the settings name the
    workspace, `group_place` where they name its resource group.
    """

    name: str
    resource_group: str
    existing: bool = False
    existing_resource_group: bool = False
    public_network_access: bool = True
    shared_keys: bool = True
    purge: bool = False
    place: Place = NOWHERE
    group_place: Place = NOWHERE
    storage_account: Support = Support()
    key_vault: Support = Support()
    log_analytics: Support = Support()
    application_insights: Support = Support()


@dataclass(frozen=True)
class Settings:
    """All the program declares from. `protect` keeps the engine from deleting what holds users or data.

    `policy_tags` are names of tags that a policy of Azure's sets. `studio_url` is the page where people look
    at the endpoints; None for the one of Azure ML studio.
    """

    target: Target
    workspace: WorkspaceSettings
    endpoints: tuple[ServedEndpoint, ...]
    protect: bool
    tags: Mapping[str, str]
    policy_tags: tuple[str, ...] = ()
    studio_url: str | None = None


def read_settings(folder: Path) -> Settings:
    """Read the stack config and the scoring folders below `folder`, the folder of the program.

    Raises InvalidInput with every finding: settings, endpoint and deployment files, scoring folders.
    """
    root = Path(pulumi.get_root_directory() or folder)
    faults = Faults(StackFile.read(root / f"Pulumi.{pulumi.get_stack()}.yaml"))
    stack = Section(dict(_stack_config()), "azml", faults, "", join=":")
    stack.allow(KEYS)
    protect = bool(stack.flag("protect"))
    chosen = _target(stack, root)
    settings = Settings(
        chosen,
        _workspace(stack.values.get("workspace"), faults, protect=protect),
        _endpoints(stack.values.get("endpoints"), folder, protect, faults),
        protect,
        stack.texts("tags"),
        tuple(stack.names("policyTags")),
        stack.text("studioUrl") or (_local_studio() if chosen == "local" else None),
    )
    faults.raise_if_any()
    return settings


def _stack_config() -> Iterator[tuple[str, object]]:
    """Every `azml:` setting. pulumi.Config reads keys one by one; finding unknown ones takes them all."""
    config = pulumi.Config("azml")
    for full in {**get_config_env(), **CONFIG.get()}:
        package, _, key = full.partition(":")
        if package == config.name:
            yield key, _value(config.get(key) or "")


def _value(text: str) -> object:
    """The engine hands everything over as text: mappings and flags as JSON, a text as itself."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, dict | list | bool) else text


def _target(stack: Section, root: Path) -> Target:
    chosen = stack.text("target") or "azure"
    if chosen not in ("azure", "local"):
        stack.faults.add("azml:target", f"is {describe(chosen)}", "write azure or local")
        return "azure"
    host = pulumi.Config("azure-native").get("metadataHost")
    found: Target = "local" if chosen == "local" else "azure"
    for message, remedy in target.problems(found, pulumi.get_project(), root, host, os.environ):
        stack.faults.add("azml:target", message, remedy)
    return found


def _local_studio() -> str:
    """The local Azure's own page, at the address this shell points at."""
    return f"https://{os.environ.get('ARM_METADATA_HOSTNAME', '').removeprefix('https://')}/studio"


def _workspace(value: object, faults: Faults, *, protect: bool) -> WorkspaceSettings:
    section = Section(value, "azml:workspace", faults, "{resourceGroup: rg-azml-dev, name: mlw-azml-dev}")
    section.allow(WORKSPACE_KEYS)
    existing = bool(section.flag("existing"))
    group = _support(section, "resourceGroup", names.RESOURCE_GROUP)
    name = section.text("name")
    _check_name(section, "name", name, names.WORKSPACE)
    for key, found in (("resourceGroup", group.name), ("name", name)):
        if section.values and not found and not section.values.get(key):
            faults.add(section.path(key), "is missing", "the workspace and its resource group need a name")
    public, keys = (section.flag(key) for key in ("publicNetworkAccess", "sharedKeys"))
    purge = _purge(section, protect=protect)
    for key in (*SUPPORT_RULES, *WORKSPACE_FLAGS) if existing else ():
        if section.values.get(key) is not None:
            faults.add(section.path(key), "changes nothing of a workspace that is there", "leave it out")
    storage, vault, logs, insights = (_support(section, key, rule) for key, rule in SUPPORT_RULES.items())
    return WorkspaceSettings(
        name or "",
        group.name or "",
        existing,
        existing or group.existing,
        public is not False,
        keys is not False,
        purge,
        faults.place(section.path("name")),
        group.place,
        storage,
        vault,
        logs,
        insights,
    )


def _purge(section: Section, *, protect: bool) -> bool:
    purge = bool(section.flag("purge"))
    if purge and protect:
        message = "is true in a stack that is protected (azml:protect)"
        remedy = "leave it out: what is purged cannot be recovered, and azml:protect is there to keep it"
        section.faults.add(section.path("purge"), message, remedy)
    return purge


def _support(section: Section, key: str, rule: names.NameRule) -> Support:
    """One resource, written as its name or as a mapping with `name`, `existing` and `resourceGroup`."""
    value = section.values.get(key)
    if value is None:
        return Support()
    if isinstance(value, str):
        _check_name(section, key, value, rule)
        return Support(value, place=section.faults.place(section.path(key)))
    own = Section(value, section.path(key), section.faults, "{name: the-name, existing: true}")
    known = ("name", "existing") if key == "resourceGroup" else ("name", "existing", "resourceGroup")
    own.allow(known)
    name, existing = own.text("name"), bool(own.flag("existing"))
    group = own.text("resourceGroup") if "resourceGroup" in known else None
    _check_name(own, "name", name, rule)
    if not name and (existing or (key == "resourceGroup" and value)):
        section.faults.add(own.path("name"), "is missing", "a resource is found by its name")
    if group and not existing:
        remedy = "leave it out, or add existing: true; what the stack makes lies in the workspace's group"
        section.faults.add(own.path("resourceGroup"), "is where an existing resource lies", remedy)
    return Support(name, existing, group, section.faults.place(own.path("name")))


def _check_name(section: Section, key: str, name: str | None, rule: names.NameRule) -> None:
    if name is not None and not rule.accepts(name):
        section.faults.add(section.path(key), f"{name!r} is refused by Azure", rule.words)


def _endpoints(value: object, folder: Path, protect: bool, faults: Faults) -> tuple[ServedEndpoint, ...]:
    if value is None:
        return ()
    section = Section(value, "azml:endpoints", faults, "{diabetes: {deployments: {blue: {}}}}")
    wanted = [_endpoint(section, key, folder, protect) for key in section.values]
    cache = HashCache(folder / ".azml" / "hashes")
    found = [load(settings, cache, faults) for settings in wanted]
    cache.save()
    faults.extend(unread(wanted))
    usable = {one.key: endpoint for one, endpoint in zip(wanted, found, strict=True) if endpoint}
    served = allowed_once(usable, faults)
    _check_unique(served, section)
    check_versions(served, faults)
    return served


def _endpoint(section: Section, key: str, folder: Path, protect: bool) -> EndpointSettings:
    own = _section(section, key, "{deployments: {blue: {}}}")
    own.allow(ENDPOINT_KEYS)
    path, name = own.text("path"), own.text("name")
    _check_name(own, "name", name, names.ENDPOINT)
    own_protect = own.flag("protect")
    return EndpointSettings(
        key,
        folder / (path or f"scoring/{key}"),
        name,
        tuple(_slots(own)),
        own.shares("traffic"),
        own.shares("mirror_traffic"),
        bool(own.flag("allow_live_change")),
        protect if own_protect is None else own_protect,
        own.text("file"),
    )


def _section(around: Section, key: str, shape: str) -> Section:
    """The mapping at `key`; nothing written there is an empty one."""
    value = around.values.get(key)
    return Section({} if value is None else value, around.path(key), around.faults, shape)


def _slots(endpoint: Section) -> Iterator[SlotSettings]:
    slots = _section(endpoint, "deployments", "{blue: {file: blue.yml}}")
    if len(slots.values) > MOST_DEPLOYMENTS:
        slots.faults.add(
            slots.key, f"has {len(slots.values)}", f"an endpoint takes {MOST_DEPLOYMENTS} at most"
        )
    for name in slots.values:
        if not names.DEPLOYMENT.accepts(name):
            slots.faults.add(slots.path(name), f"{name!r} is refused by Azure", names.DEPLOYMENT.words)
        own = _section(slots, name, "{file: deployment.yml}")
        rest = {key: found for key, found in own.values.items() if key != "file"}
        for key in rest.keys() & {"name", "endpoint_name"}:
            slots.faults.add(own.path(key), "cannot be overridden", "the slot is named by its key")
        yield SlotSettings(name, own.text("file"), rest)


def _check_unique(served: tuple[ServedEndpoint, ...], section: Section) -> None:
    seen: set[str] = set()
    for endpoint in served:
        name = endpoint.spec.name
        if name in seen:
            section.faults.add(
                section.key, f"two endpoints are called {name!r}", "give one a `name:` of its own"
            )
        seen.add(name)
