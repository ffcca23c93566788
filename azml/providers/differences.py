"""The differences between two sets of properties, path by path."""

import json
import re
from collections.abc import Iterator

from azml.engine_values import UNKNOWN, Properties, Value
from azml.providers.calls import Kind

_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def differences(old: Properties, new: Properties) -> dict[str, Kind]:
    """Every path at which `new` differs from `old`; a null counts as absent."""
    return dict(_objects("", old, new))


def same(old: Value, new: Value) -> bool:
    """Whether two values are equal: nulls count as absent, and an unknown value is never equal."""
    return not any(_values("", old, new))


def _objects(path: str, old: Properties, new: Properties) -> Iterator[tuple[str, Kind]]:
    for key in [*old, *(key for key in new if key not in old)]:
        yield from _values(join(path, key), old.get(key), new.get(key))


def _values(path: str, old: Value, new: Value) -> Iterator[tuple[str, Kind]]:
    if old is None and new is None:
        return
    if old is None:
        yield path, Kind.ADD
    elif new is None:
        yield path, Kind.DELETE
    elif isinstance(old, dict) and isinstance(new, dict):
        yield from _objects(path, old, new)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(path, old, new)
    elif UNKNOWN in (old, new) or (type(old) is not type(new) and not _numbers(old, new)) or old != new:
        yield path, Kind.UPDATE


def _numbers(old: Value, new: Value) -> bool:
    return all(isinstance(item, int | float) and not isinstance(item, bool) for item in (old, new))


def _lists(path: str, old: list[Value], new: list[Value]) -> Iterator[tuple[str, Kind]]:
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else None
        after = new[index] if index < len(new) else None
        yield from _values(f"{path}[{index}]", before, after)


def join(path: str, key: str) -> str:
    """`path` extended by `key`; a key that is not an identifier is quoted, as the engine parses paths."""
    if not _PLAIN.fullmatch(key):
        return f"{path}[{json.dumps(key)}]"
    return f"{path}.{key}" if path else key


def top(path: str) -> str:
    """The first key of `path`."""
    if path.startswith("["):
        return str(json.JSONDecoder().raw_decode(path, 1)[0])
    return re.split(r"[.\[]", path, maxsplit=1)[0]
