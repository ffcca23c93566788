"""The body that azure-native would send for a registered resource, checked against Azure's published type."""

from typing import Any

from azml.azure_native.sdk import resource_type
from azml.azure_native.shapes import body
from azml.azure_native.types import BY_TOKEN
from azml.emulator.control.arm.bodies import checked
from tests.components.graph import Registration

SECRET = "4dabf18193072939515e22adb298388d"
"""The key that marks a value with a meaning of its own to the engine; here only secrets occur."""


def sent(resource: Registration, kind: str) -> dict[str, Any]:
    """The body of its PUT as the published type of `kind` has it; fails where the type refuses it."""
    row = BY_TOKEN[resource.type]
    made = body(row, resource_type(resource.type), _plain(dict(resource.inputs)))
    assert checked(kind, "PUT", made) == made
    return made


def _plain(value: Any) -> Any:
    """A value without the marks of secrets, and with whole numbers, which travel as doubles."""
    if isinstance(value, dict):
        return _plain(value["value"]) if SECRET in value else {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
