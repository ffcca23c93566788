"""Converts resources between the SDK's shape and ARM's: flattening, renaming, sets of names, constants."""

from collections.abc import Mapping
from typing import Any

from azml.azure_native.sdk import ObjectType, ResourceType, chosen, object_type
from azml.azure_native.types import Row
from azml.engine_values import UNKNOWN, Properties, Unknown, Value

# ARM has a map of empty objects where the SDK has a list of names.
_NAME_SETS = frozenset({"userAssignedIdentities"})
# Members whose API name cannot be used in a program; the other name is azure-native's sdkName.
_WIRE = {"odataType": "odata.type"}
_SDK = {wire: sdk for sdk, wire in _WIRE.items()}
# Object types whose members begin with a capital letter in ARM alone.
_CAPITALS = frozenset({"monitor:ScaleRuleMetricDimension"})
_INTERNAL = frozenset({"__createBeforeDelete", "__defaults", "azureApiVersion"})


def body(row: Row, kind: ResourceType, inputs: Properties) -> dict[str, Any]:
    """The body of a PUT: the inputs that are not in the path, in ARM's shape."""
    left_out = {*row.parameters, *row.query, *_INTERNAL}
    given = {key: value for key, value in inputs.items() if key not in left_out and value is not None}
    written = _fields_to_arm(row, kind.inputs, given)
    return _nest(written, row.outside, row.renamed) if row.flattened else written


def _nest(fields: dict[str, Any], outside: frozenset[str], renamed: Mapping[str, str]) -> dict[str, Any]:
    """Move everything that is not in `outside` into `properties`."""
    top = {key: value for key, value in fields.items() if key in outside}
    inner = {renamed.get(key, key): value for key, value in fields.items() if key not in outside}
    return {**top, "properties": {**top.get("properties", {}), **inner}}


def _fields_to_arm(row: Row, kind: ObjectType, fields: Mapping[str, Value]) -> dict[str, Any]:
    filled = {**kind.constants, **{key: value for key, value in fields.items() if value is not None}}
    return {
        _WIRE.get(key, key): _to_arm(row, key, kind.properties.get(key, "any"), value)
        for key, value in filled.items()
    }


def _to_arm(row: Row, key: str, spec: str, value: Value) -> Any:
    if key in _NAME_SETS and isinstance(value, list):
        return {name: {} for name in value}
    if isinstance(value, list):
        return [_to_arm(row, "", spec.removeprefix("[]"), item) for item in value if item is not None]
    if not isinstance(value, dict):
        return value
    if spec.startswith("{}"):
        return {name: _to_arm(row, "", spec[2:], item) for name, item in value.items() if item is not None}
    name = chosen(spec, value)
    if name is None:
        return {name: _to_arm(row, "", "any", item) for name, item in value.items() if item is not None}
    written = _fields_to_arm(row, object_type(name), value)
    if name in _CAPITALS:
        return {key[0].upper() + key[1:]: item for key, item in written.items()}
    return _nest(written, row.flat[name], {}) if name in row.flat else written


def outputs(row: Row, kind: ResourceType, resource: Mapping[str, Any]) -> Properties:
    """The outputs that the SDK has, from ARM's `resource`."""
    fields = _flat(resource, row.renamed) if row.flattened else dict(resource)
    if "properties" in kind.outputs.properties:
        # Some types are flattened as arguments only: a member of it has the name of one beside it.
        fields["properties"] = resource.get("properties")
    fields["azureApiVersion"] = row.api_version
    known = {key: value for key, value in fields.items() if key in kind.outputs.properties}
    return {
        key: _from_arm(row, kind.inputs.properties.get(key, "any"), value)
        for key, value in known.items()
        if value is not None
    }


def _flat(resource: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    """Move the content of `properties` to the top level, where it overrides what is already there."""
    back = {arm: sdk for sdk, arm in renamed.items()}
    inner = resource.get("properties") or {}
    outer = {key: value for key, value in resource.items() if key != "properties"}
    return {**outer, **{back.get(key, key): value for key, value in inner.items()}}


def _from_arm(row: Row, spec: str, value: Any) -> Value:
    if isinstance(value, list):
        return [_from_arm(row, spec.removeprefix("[]"), item) for item in value]
    if not isinstance(value, dict):
        return value
    if spec.startswith("{}"):
        return {key: _from_arm(row, spec[2:], item) for key, item in value.items() if item is not None}
    value = {_SDK.get(key, key): item for key, item in value.items()}
    name = chosen(spec, value)
    lifted = _flat(value, {}) if name in row.flat and "properties" in value else value
    kinds = object_type(name).properties if name else {}
    return {
        key: _from_arm(row, kinds.get(key, "any"), item) for key, item in lifted.items() if item is not None
    }


def projected(kind: ObjectType, fields: Mapping[str, Value]) -> Properties:
    """The part of the outputs that the SDK accepts as inputs, in the form it accepts."""
    return {
        key: _project(key, kind.properties[key], value)
        for key, value in fields.items()
        if key in kind.properties and value is not None
    }


def _project(key: str, spec: str, value: Value) -> Value:
    if key in _NAME_SETS and spec == "[]string" and isinstance(value, dict):
        return sorted(value)
    if isinstance(value, list):
        return [_project("", spec.removeprefix("[]"), item) for item in value]
    if not isinstance(value, dict):
        return value
    if spec.startswith("{}"):
        return {name: _project("", spec[2:], item) for name, item in value.items()}
    name = chosen(spec, value)
    return projected(object_type(name), value) if name else value


def previewed(row: Row, kind: ResourceType, inputs: Properties) -> Properties:
    """The outputs known before the resource is created: inputs as given, the rest unknown."""
    expected = _preview(kind.outputs, inputs)
    expected["azureApiVersion"] = row.api_version
    if "name" in expected and isinstance(inputs.get(row.name_parameter), str):
        expected["name"] = inputs[row.name_parameter]
    return expected


def _preview(kind: ObjectType, given: Mapping[str, Value]) -> Properties:
    return {
        key: _preview_value(spec, given[key]) if given.get(key) is not None else UNKNOWN
        for key, spec in kind.properties.items()
    }


def _preview_value(spec: str, value: Value) -> Value:
    if isinstance(value, Unknown):
        return UNKNOWN
    if isinstance(value, list) and spec.startswith("[]"):
        return [_preview_value(spec[2:], item) for item in value]
    if not isinstance(value, dict):
        return value if not spec.startswith("{}") or not isinstance(value, list) else UNKNOWN
    name = chosen(spec, value)
    return {**value, **_preview(object_type(name), value)} if name else value
