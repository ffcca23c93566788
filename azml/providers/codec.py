"""Converts property values between the engine's wire format and Python values.

The engine sends JSON-like structures in which numbers are doubles, an unknown value is a sentinel string, and
every other special value (secret, asset, archive, resource reference, output value) is an object with a
signature under one reserved key. Here they are plain Python values and the records below.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.struct_pb2 import ListValue, Struct
from google.protobuf.struct_pb2 import Value as WireValue

from azml.engine_values import UNKNOWN, UNKNOWN_TEXT, UNKNOWNS, Properties, Unknown, Value

_KEY = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a signature of the protocol
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

# Whole doubles beyond this are no longer exact integers and stay floats.
_EXACT = 2.0**53


@dataclass(frozen=True)
class Secret:
    """A value that the engine encrypts in its state and never shows."""

    value: Value


@dataclass(frozen=True)
class Asset:
    """A file's content: exactly one of `text`, `path` and `uri` is set. `hash` is sha256 in hex."""

    text: str | None = None
    path: str | None = None
    uri: str | None = None
    hash: str | None = None


@dataclass(frozen=True)
class Archive:
    """A tree of files: exactly one of `assets` (by name), `path` and `uri` is set. `hash`: sha256 in hex."""

    assets: Mapping[str, "Asset | Archive"] | None = None
    path: str | None = None
    uri: str | None = None
    hash: str | None = None


@dataclass(frozen=True)
class ResourceReference:
    """Another resource of the stack. `id` is None for a component, UNKNOWN before it is created."""

    urn: str
    id: str | Unknown | None = None
    package_version: str | None = None


def decode(struct: Struct) -> Properties:
    """The properties in `struct` as Python values."""
    return {key: _decode(value) for key, value in struct.fields.items()}


def _decode(value: WireValue) -> Value:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _decode_object(value.struct_value)
    if kind == "list_value":
        return [_decode(item) for item in value.list_value.values]
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text in UNKNOWNS else text
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() and abs(number) < _EXACT else number
    if kind == "bool_value":
        return value.bool_value
    return None


def _decode_object(struct: Struct) -> Value:
    if _KEY not in struct.fields:
        return decode(struct)
    signature = struct.fields[_KEY].string_value
    special = _SPECIAL.get(signature)
    if special is None:
        raise ValueError(f"the engine sent a value of a kind this plugin does not know: {signature}")
    return special({key: _decode(item) for key, item in struct.fields.items() if key != _KEY})


def _output(fields: Properties) -> Value:
    value = fields.get("value", UNKNOWN)
    return Secret(value) if fields.get("secret") else value


def _optional(fields: Properties, *names: str) -> dict[str, Any]:
    return {name: fields[name] for name in names if fields.get(name) is not None}


_SPECIAL: dict[str, Callable[[Properties], Value]] = {
    _SECRET: lambda fields: Secret(fields.get("value")),
    _ASSET: lambda fields: Asset(**_optional(fields, "text", "path", "uri", "hash")),
    _ARCHIVE: lambda fields: Archive(**_optional(fields, "assets", "path", "uri", "hash")),
    _RESOURCE: lambda fields: ResourceReference(
        fields["urn"],
        UNKNOWN if fields.get("id") == "" else fields.get("id"),
        fields.get("packageVersion") or None,
    ),
    _OUTPUT: _output,
}


def encode(properties: Mapping[str, Value]) -> Struct:
    """The wire format of `properties`. Raises TypeError for a value that has none."""
    struct = Struct()
    for key, value in properties.items():
        _encode(value, struct.fields[key])
    return struct


def _encode(value: Value, wire: WireValue) -> None:
    if value is None:
        wire.null_value = 0
    elif isinstance(value, bool):
        wire.bool_value = value
    elif isinstance(value, int | float):
        wire.number_value = value
    elif isinstance(value, str):
        wire.string_value = value
    elif isinstance(value, Unknown):
        wire.string_value = UNKNOWN_TEXT
    elif isinstance(value, list | tuple):
        wire.list_value.CopyFrom(ListValue())
        for item in value:
            _encode(item, wire.list_value.values.add())
    elif isinstance(value, Mapping):
        wire.struct_value.CopyFrom(encode(value))
    else:
        wire.struct_value.CopyFrom(encode(_special_fields(value)))


def _special_fields(value: Value) -> Properties:
    if isinstance(value, Secret):
        return {_KEY: _SECRET, "value": value.value}
    if isinstance(value, Asset):
        return {_KEY: _ASSET, **_given(text=value.text, path=value.path, uri=value.uri, hash=value.hash)}
    if isinstance(value, Archive):
        return {
            _KEY: _ARCHIVE,
            **_given(assets=value.assets, path=value.path, uri=value.uri, hash=value.hash),
        }
    if isinstance(value, ResourceReference):
        fields = {_KEY: _RESOURCE, "urn": value.urn, **_given(packageVersion=value.package_version)}
        return fields if value.id is None else {**fields, "id": "" if value.id == UNKNOWN else value.id}
    raise TypeError(f"a value of type {type(value).__name__} cannot be sent to the engine")


def _given(**fields: Value) -> Properties:
    return {name: value for name, value in fields.items() if value is not None}


def strip(value: Value) -> Value:
    """`value` with every secret replaced by its content."""
    if isinstance(value, Secret):
        return strip(value.value)
    if isinstance(value, dict):
        return {key: strip(item) for key, item in value.items()}
    if isinstance(value, list):
        return [strip(item) for item in value]
    return value


def paint(value: Value, like: Value) -> Value:
    """`value` made secret wherever `like` is: a secret input that the cloud returns is a secret too."""
    if isinstance(value, Secret):
        return value
    if isinstance(like, Secret):
        return Secret(value)
    if isinstance(value, dict) and isinstance(like, dict):
        return {key: paint(item, like.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(like, list):
        shades = [*like, *([None] * (len(value) - len(like)))]
        return [paint(item, shades[index]) for index, item in enumerate(value)]
    return value


def has_unknown(value: Value) -> bool:
    """Whether anything inside `value` is still unknown."""
    if isinstance(value, Unknown):
        return True
    if isinstance(value, Secret):
        return has_unknown(value.value)
    if isinstance(value, dict):
        return any(map(has_unknown, value.values()))
    return isinstance(value, list) and any(map(has_unknown, value))


def without_nulls(value: Value) -> Value:
    """`value` without null values, which mean the same as absent keys to the engine and to ARM."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value
