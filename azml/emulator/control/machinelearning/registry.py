"""The container registry that Azure creates for a workspace when it first builds an image."""

import hashlib

from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.simple_types import ContainerRegistries, new_registry
from azml.emulator.control.arm.store import SUCCEEDED, Record, ResourceStore


def ensure_registry(workspace_id: str, store: ResourceStore) -> None:
    """Give a workspace a registry in its own group, unless it has one."""
    workspace = store.get(workspace_id)
    if workspace.properties.get("containerRegistry"):
        return
    group = workspace_id.lower().partition("/providers/")[0]
    name = hashlib.sha256(workspace.id.key.encode()).hexdigest()[:32]
    owner = workspace.id.text[: len(group)]
    named = resource_id(f"{owner}/providers/{ContainerRegistries.name}/{name}")
    body = {
        "location": workspace.body.get("location"),
        "sku": {"name": "Standard", "tier": "Standard"},
        "properties": {"adminUserEnabled": True, "provisioningState": SUCCEEDED},
    }
    with store.database.transaction():
        store.put(new_registry(Record(named, body)))
        store.put(workspace.with_properties(containerRegistry=named.text))
