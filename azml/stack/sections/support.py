"""A resource of which the settings say whether it exists already."""

from dataclasses import dataclass

from azml import rules
from azml.findings import NOWHERE, Place
from azml.stack.sections.section import Section


@dataclass(frozen=True)
class Support:
    """A resource the stack uses: its name (None: we choose one), and whether it exists already.

    `resource_group` is the group of an existing one, None for the workspace's own; `place` is its position in
    the settings.
    """

    name: str | None = None
    existing: bool = False
    resource_group: str | None = None
    place: Place = NOWHERE


UNNAMED = Support()
"""A resource of which the settings say nothing."""


def read_support(section: Section, key: str, rule: rules.NameRule) -> Support:
    """One resource, written as its name or as a mapping with `name`, `existing` and `resourceGroup`."""
    node = section.get(key)
    if node is None:
        return UNNAMED
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
