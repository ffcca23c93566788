"""Frozen records as JSON and back: each is an object that names its kind."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import isfinite
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
        return _text(value)

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
        return tuple([self._decoded(inner) for inner in value]) if isinstance(value, list) else value


class _Writers(dict[Any, Callable[[Any], str]]):
    """What writes the values of each type, found out once."""

    def __missing__(self, kind: Any) -> Callable[[Any], str]:
        writer = self[kind] = _writer(kind)
        return writer


WRITERS = _Writers()


def _text(value: Any) -> str:
    return WRITERS[type(value)](value)


def _texts(values: Iterable[Any]) -> list[str]:
    return [WRITERS[type(value)](value) for value in values]


def _writer(kind: Any) -> Callable[[Any], str]:
    if issubclass(kind, str):
        return _quoted
    if kind is float or kind is int:
        return _number
    if issubclass(kind, Mapping):
        return _mapping
    if hasattr(kind, "__match_args__"):
        return _object(kind, kind.__match_args__)
    return _list if issubclass(kind, list | tuple) else json.dumps


_quoted = lru_cache(maxsize=256)(json.dumps)
"""A string as JSON. The longest one, a plan, is written with every lease."""


def _number(value: float) -> str:
    return repr(value) if isfinite(value) else json.dumps(value)


def _mapping(value: Mapping[str, Any]) -> str:
    inner = ",".join([f"{_quoted(key)}:{_text(one)}" for key, one in value.items()])
    return f'{{"kind":"","of":{{{inner}}}}}'


def _list(value: Iterable[Any]) -> str:
    return f"[{','.join(_texts(value))}]"


def _object(kind: Any, names: Sequence[str]) -> Callable[[Any], str]:
    """Everything in an object but its values is the same each time."""
    pairs = "".join([f',"{name}":%s' for name in names])
    pattern = f'{{"kind":"{kind.__name__}"{pairs}}}'
    return lambda value: pattern % tuple(_texts([getattr(value, name) for name in names]))


@cache
def _checked(kind: Any) -> tuple[tuple[str, tuple[type, ...]], ...]:
    """The fields of a record that are simple, or records of one kind, each with the types it may have."""
    types = kind.__annotations__.items()
    return tuple((name, NUMBERS.get(one, (one,))) for name, one in types if isinstance(one, type))


def _made(kind: Any, values: dict[str, Any]) -> Any:
    for name, allowed in _checked(kind):
        if name in values and type(values[name]) not in allowed:
            raise TypeError(f"{kind.__name__}.{name} is {values[name]!r}")
    return kind(**values)
