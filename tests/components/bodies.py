"""The bodies that azure-native would send for a graph, checked against Azure's published types."""

from typing import Any

from azml.azure_native import shapes
from azml.azure_native.sdk import resource_type
from azml.azure_native.types import BY_TOKEN
from azml.emulator.control.arm.bodies import checked
from azml.emulator.control.arm.ids import resource_id
from tests.components.graph import Registration


def body_of(resource: Registration) -> dict[str, Any]:
    """The body of its PUT. Fails for one that Azure could not read, or of which it would drop a part."""
    row = BY_TOKEN[resource.type]
    body = shapes.body(row, resource_type(row.token), _restored({**resource.inputs}))
    place = row.path.replace("/{scope}", "/subscriptions/s").replace("/{resourceUri}", "/subscriptions/s")
    assert checked(resource_id(place).type, "PUT", body) == body, resource.urn
    return body


def _restored(value: Any) -> Any:
    """Whole numbers, which the engine's protocol has as fractions: the plugins restore them too."""
    if isinstance(value, dict):
        return {key: _restored(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_restored(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
