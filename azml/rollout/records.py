"""Frozen records as JSON and back: each is an object that names its kind."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar

_Record = TypeVar("_Record")
Kinds = Mapping[str, Any]
"""Records by the names that stand for them."""
NUMBERS: Mapping[Any, tuple[type, ...]] = {float: (float, int), int: (int,), str: (str,), bool: (bool,)}


@dataclass(frozen=True)
class Codec:
    """Writes and reads records of these kinds."""

    kinds: Kinds

    def text(self, value: Any) -> str:
        """A record as one line of JSON."""
        return json.dumps(_encoded(value), separators=(",", ":"))

    def read(self, text: str, *wanted: type[_Record]) -> _Record:
        """The record of a line, of one of the `wanted` kinds. Raises ValueError for anything else."""
        try:
            found = self._decoded(json.loads(text))
        except (TypeError, KeyError, AttributeError) as broken:
            raise ValueError(f"not a record: {broken}") from broken
        if not isinstance(found, wanted):
            raise ValueError(f"is a {type(found).__name__}")
        return found

    def _decoded(self, value: Any) -> Any:
        if isinstance(value, dict):
            kind = value.pop("kind")
            if kind == "":
                return {key: self._decoded(inner) for key, inner in value["of"].items()}
            return _made(self.kinds[kind], {key: self._decoded(inner) for key, inner in value.items()})
        return tuple(self._decoded(inner) for inner in value) if isinstance(value, list) else value


def _encoded(value: Any) -> Any:
    if isinstance(value, str | int | float) or value is None:
        return value
    if hasattr(value, "_asdict"):
        return {"kind": type(value).__name__, **value._asdict()}
    if is_dataclass(value) and not isinstance(value, type):
        inner = {name: _encoded(getattr(value, name)) for name, _ in _names(type(value))}
        return {"kind": type(value).__name__, **inner}
    if isinstance(value, Mapping):
        return {"kind": "", "of": {key: _encoded(inner) for key, inner in value.items()}}
    return [_encoded(inner) for inner in value]


@cache
def _names(kind: Any) -> tuple[tuple[str, tuple[type, ...] | None], ...]:
    """The fields of a record, each with the types it may have; None for those that are not simple."""
    return tuple(
        (one.name, NUMBERS.get(one.type, (one.type,) if isinstance(one.type, type) else None))
        for one in (fields(kind) if is_dataclass(kind) else ())
    )


def _made(kind: Any, values: dict[str, Any]) -> Any:
    for name, allowed in _names(kind):
        if allowed and name in values and type(values[name]) not in allowed:
            raise TypeError(f"{kind.__name__}.{name} is {values[name]!r}")
    return kind(**values)
