"""The argument names and types of azure-native's SDK, from the table that `generate` writes."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ObjectType:
    """An object type: the type of each property, the required ones, those with one possible value."""

    properties: Mapping[str, str]
    required: frozenset[str] = frozenset()
    constants: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ResourceType:
    """The inputs and outputs of a resource."""

    inputs: ObjectType
    outputs: ObjectType


@functools.cache
def _document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("sdk.json").read_text(encoding="utf-8"))
    return loaded


@functools.cache
def resource_type(token: str) -> ResourceType:
    """The resource type `token`, which must be in the table."""
    entry = _document()["resources"][token]
    return ResourceType(_object(entry), ObjectType(entry["outputs"]))


@functools.cache
def object_type(name: str) -> ObjectType:
    """The object type `module:Name`."""
    return _object(_document()["types"][name])


def _object(entry: Mapping[str, Any]) -> ObjectType:
    return ObjectType(entry["properties"], frozenset(entry["required"]), entry.get("constants", {}))


def object_names(spec: str) -> list[str]:
    """The object types a property of type `spec` may hold; empty when it holds none."""
    if spec.startswith(("[]", "{}")):
        return []
    return [part for part in spec.split("|") if ":" in part]


def chosen(spec: str, value: Mapping[str, Any]) -> str | None:
    """Which of the object types in `spec` matches `value`: by its constants first, then by its keys."""
    names = object_names(spec)
    if len(names) < 2:
        return names[0] if names else None
    matching = [name for name in names if _constants_agree(name, value)]
    return max(matching or names, key=lambda name: len(value.keys() & object_type(name).properties.keys()))


def _constants_agree(name: str, value: Mapping[str, Any]) -> bool:
    constants = object_type(name).constants
    return bool(constants) and all(value.get(key) == expected for key, expected in constants.items())
