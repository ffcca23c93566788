"""The setting `workspace`: what the stack creates, and what exists already."""

from azml import rules
from azml.stack.config.customer_key import read_customer_key
from azml.stack.config.managed_network import read_managed_network
from azml.stack.config.private_endpoints import read_build_compute, read_private_endpoints
from azml.stack.config.records import WorkspaceSettings
from azml.stack.sections.section import Section
from azml.stack.sections.support import check_name, read_support

SUPPORT_RULES = {
    "storageAccount": rules.STORAGE_ACCOUNT,
    "keyVault": rules.KEY_VAULT,
    "logAnalytics": rules.LOG_ANALYTICS,
    "applicationInsights": rules.APPLICATION_INSIGHTS,
    "containerRegistry": rules.CONTAINER_REGISTRY,
    "identity": rules.USER_IDENTITY,
}
FLAGS = ("publicNetworkAccess", "sharedKeys", "purge", "purgeProtection", "customerManagedKey")
NETWORK = ("managedNetwork", "privateEndpoints", "imageBuildCompute")
SHAPE = "{resourceGroup: rg-azml-dev, name: mlw-azml-dev}"


def read_workspace(stack: Section, *, protect: bool) -> WorkspaceSettings:
    """The workspace; `protect` says whether the stack is protected."""
    if stack.get("workspace") is None:
        stack.fault("workspace", "is missing", f"write a mapping, as {SHAPE}")
    section = stack.section("workspace", SHAPE)
    existing = bool(section.flag("existing"))
    group = read_support(section, "resourceGroup", rules.RESOURCE_GROUP)
    name = section.text("name")
    check_name(section, "name", name, rules.WORKSPACE)
    for key, found in (("resourceGroup", group.name), ("name", name)):
        written = section.values.get(key)
        if section.values and not found and not (written and written.plain()):
            section.fault(key, "is missing", "the workspace and its resource group need a name")
    public, keys = (section.flag(key) for key in ("publicNetworkAccess", "sharedKeys"))
    purge = _purge(section, protect=protect)
    for key in (*SUPPORT_RULES, *FLAGS, *NETWORK) if existing else ():
        if section.get(key) is not None:
            section.fault(key, "has no effect on an existing workspace", "leave it out")
    supports = {key: read_support(section, key, rule) for key, rule in SUPPORT_RULES.items()}
    managed, endpoints = read_managed_network(section), read_private_endpoints(section)
    compute = read_build_compute(section)
    if endpoints and not compute and not existing:
        message = "makes the container registry private, and Azure's own image builds cannot reach it"
        remedy = "add imageBuildCompute: {name: cpu-build, size: Standard_D4as_v4}, a compute cluster"
        section.fault("privateEndpoints", message, remedy)
    protection = _purge_protection(section, purge=purge, protect=protect)
    customer_key = read_customer_key(
        section,
        protected=protection,
        own_vault=not supports["keyVault"].existing,
        user=supports["identity"].name is not None,
    )
    section.finish()
    return WorkspaceSettings(
        name or "",
        group.name or "",
        existing,
        existing or group.existing,
        public is True or (public is None and endpoints is None),
        keys is not False,
        purge,
        section.faults.place(section.path("name")),
        group.place,
        supports["storageAccount"],
        supports["keyVault"],
        supports["logAnalytics"],
        supports["applicationInsights"],
        supports["containerRegistry"],
        supports["identity"],
        managed,
        endpoints,
        compute,
        protection,
        customer_key,
    )


def _purge_protection(section: Section, *, purge: bool, protect: bool) -> bool:
    """Whether the vault has purge protection: by default where the stack is protected."""
    asked = section.flag("purgeProtection")
    if asked and purge:
        message = "is true beside purge: true, which could not purge the vault"
        section.fault("purgeProtection", message, "remove one of them")
    return protect if asked is None else asked


def _purge(section: Section, *, protect: bool) -> bool:
    purge = bool(section.flag("purge"))
    if purge and protect:
        message = "is true in a stack that is protected (azml:protect)"
        remedy = "leave it out: a purged workspace cannot be recovered, and azml:protect is set to keep it"
        section.fault("purge", message, remedy)
    return purge
