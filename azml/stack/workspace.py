"""The setting `workspace`: what the stack creates, and what exists already."""

from azml import rules
from azml.stack.records import Support, WorkspaceSettings
from azml.stack.section import Section

SUPPORT_RULES = {
    "storageAccount": rules.STORAGE_ACCOUNT,
    "keyVault": rules.KEY_VAULT,
    "logAnalytics": rules.LOG_ANALYTICS,
    "applicationInsights": rules.APPLICATION_INSIGHTS,
}
FLAGS = ("publicNetworkAccess", "sharedKeys", "purge")
SHAPE = "{resourceGroup: rg-azml-dev, name: mlw-azml-dev}"


def read_workspace(stack: Section, *, protect: bool) -> WorkspaceSettings:
    """The workspace; `protect` says whether the stack is protected."""
    if stack.get("workspace") is None:
        stack.fault("workspace", "is missing", f"write a mapping, as {SHAPE}")
    section = stack.section("workspace", SHAPE)
    existing = bool(section.flag("existing"))
    group = _support(section, "resourceGroup", rules.RESOURCE_GROUP)
    name = section.text("name")
    check_name(section, "name", name, rules.WORKSPACE)
    for key, found in (("resourceGroup", group.name), ("name", name)):
        written = section.values.get(key)
        if section.values and not found and not (written and written.plain()):
            section.fault(key, "is missing", "the workspace and its resource group need a name")
    public, keys = (section.flag(key) for key in ("publicNetworkAccess", "sharedKeys"))
    purge = _purge(section, protect=protect)
    for key in (*SUPPORT_RULES, *FLAGS) if existing else ():
        if section.get(key) is not None:
            section.fault(key, "has no effect on an existing workspace", "leave it out")
    storage, vault, logs, insights = (_support(section, key, rule) for key, rule in SUPPORT_RULES.items())
    section.finish()
    return WorkspaceSettings(
        name or "",
        group.name or "",
        existing,
        existing or group.existing,
        public is not False,
        keys is not False,
        purge,
        section.faults.place(section.path("name")),
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
        remedy = "leave it out: a purged workspace cannot be recovered, and azml:protect is set to keep it"
        section.fault("purge", message, remedy)
    return purge


def _support(section: Section, key: str, rule: rules.NameRule) -> Support:
    """One resource, written as its name or as a mapping with `name`, `existing` and `resourceGroup`."""
    node = section.get(key)
    if node is None:
        return Support()
    if isinstance(node.value, str):
        check_name(section, key, node.value, rule)
        return Support(node.value, place=node.place)
    own = section.section(key, "{name: the-name, existing: true}")
    name, existing = own.text("name"), bool(own.flag("existing"))
    group = own.text("resourceGroup") if key != "resourceGroup" else None
    check_name(own, "name", name, rule)
    if not name and (existing or (key == "resourceGroup" and node.value)):
        own.fault("name", "is missing", "a resource is found by its name")
    if group and not existing:
        remedy = "leave it out, or add existing: true; the stack creates it in the workspace's resource group"
        own.fault("resourceGroup", "applies only to an existing resource", remedy)
    own.finish()
    return Support(name, existing, group, section.faults.place(own.path("name")))


def check_name(section: Section, key: str, name: str | None, rule: rules.NameRule) -> None:
    """Add a fault for a name that Azure refuses."""
    if name is not None and not rule.accepts(name):
        section.fault(key, f"{name!r} is refused by Azure", rule.words)
