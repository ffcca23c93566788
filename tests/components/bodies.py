"""The bodies that azure-native would send for a graph, checked against Azure's published types."""

from typing import Any

from azml.azure_native import shapes
from azml.azure_native.sdk import resource_type
from azml.azure_native.types import BY_TOKEN
from azml.emulator.control.arm.bodies import checked
from azml.emulator.control.arm.ids import resource_id
from tests.components.graph import Registration

SECRET = "4dabf18193072939515e22adb298388d"
"""The key that marks a value with a meaning of its own to the engine; here only secrets occur."""


def body_of(resource: Registration) -> dict[str, Any]:
    """The body of its PUT. Fails for one that Azure could not read, or of which it would drop a part."""
    row = BY_TOKEN[resource.type]
    body = shapes.body(row, resource_type(row.token), _plain({**resource.inputs}))
    place = row.path.replace("/{scope}", "/subscriptions/s").replace("/{resourceUri}", "/subscriptions/s")
    assert checked(resource_id(place).type, "PUT", body) == body, resource.urn
    return body


def _plain(value: Any) -> Any:
    """A value without the marks of secrets, and with whole numbers, which travel as doubles."""
    if isinstance(value, dict):
        return _plain(value["value"]) if SECRET in value else {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
