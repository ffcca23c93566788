"""Validates a resource's inputs as azure-native's SDK would, with every finding at once."""

from collections.abc import Iterator, Mapping

from azml.azure_native.sdk import ObjectType, chosen, object_names, object_type
from azml.engine_values import Unknown, Value
from azml.findings import did_you_mean
from azml.providers.calls import Failure
from azml.providers.codec import Archive, Asset, ResourceReference
from azml.providers.differences import join

_SCALARS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "asset": (Asset, Archive),
}
# Inputs that every azure-native resource accepts, and the marks that azure-native adds to them.
_COMMON = frozenset({"azureApiVersion", "__createBeforeDelete", "__defaults"})


def findings(kind: ObjectType, inputs: Mapping[str, Value]) -> Iterator[Failure]:
    """Every fault in the inputs of a resource."""
    yield from _object("", kind, {key: value for key, value in inputs.items() if key not in _COMMON})


def _object(path: str, kind: ObjectType, fields: Mapping[str, Value]) -> Iterator[Failure]:
    for key in sorted(kind.required - {key for key, value in fields.items() if value is not None}):
        if key not in kind.constants:
            yield Failure(join(path, key), f"missing required property {join(path, key)!r}")
    for key, value in fields.items():
        spec = kind.properties.get(key)
        if spec is None:
            yield Failure(join(path, key), f"unknown property {key!r}: {did_you_mean(key, kind.properties)}")
        elif key in kind.constants and value not in (None, kind.constants[key]) and isinstance(value, str):
            yield Failure(
                join(path, key), f"{join(path, key)} must be {kind.constants[key]!r}, not {value!r}"
            )
        else:
            yield from _value(join(path, key), spec, value)


def _value(path: str, spec: str, value: Value) -> Iterator[Failure]:
    if value is None or spec == "any" or isinstance(value, Unknown | ResourceReference):
        return
    if spec.startswith("[]") and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _value(f"{path}[{index}]", spec[2:], item)
    elif spec.startswith("{}") and isinstance(value, dict):
        for key, item in value.items():
            yield from _value(join(path, key), spec[2:], item)
    elif object_names(spec) and isinstance(value, dict):
        name = chosen(spec, value)
        yield from _object(path, object_type(name), value) if name else ()
    elif not _scalar_fits(spec, value):
        yield Failure(path, f"{path} must be {_words(spec)}, not {_shown(value)}")


def _scalar_fits(spec: str, value: Value) -> bool:
    if spec.startswith(("[]", "{}")):
        return False
    kinds = [kind for part in spec.split("|") for kind in _SCALARS.get(part, ())]
    return isinstance(value, tuple(kinds)) and (not isinstance(value, bool) or bool in kinds)


def _words(spec: str) -> str:
    if spec.startswith("[]"):
        return f"a list ({_words(spec[2:])} each)"
    if spec.startswith("{}"):
        return f"a map ({_words(spec[2:])} each)"
    words = {"string": "a string", "integer": "an integer", "number": "a number", "boolean": "a boolean"}
    return " or ".join(words.get(part, "an object" if ":" in part else part) for part in spec.split("|"))


def _shown(value: Value) -> str:
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else repr(value)
