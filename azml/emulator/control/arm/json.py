"""Parses bodies of requests, defensively and once, where they arrive."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

Json = dict[str, Any]
DEPTH_LIMIT = 100
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def parse_object(raw: bytes, *, keep_nulls: bool = False) -> Json | None:
    """The JSON object in a request's body; None when it is something else. An empty body is {}.

    Nulls are removed, except in a merge patch, where they have a meaning.
    """
    try:
        value = _loads(raw) if raw else {}
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    return value if keep_nulls else without_nulls(value)


def _loads(raw: bytes) -> Any:
    """JSON by the standard. Raises ValueError for what only Python accepts and cannot write back.

    That is NaN and infinities, numbers too large for a double, lone surrogates, too much nesting, and
    encodings other than UTF-8 (RFC 8259, section 8.1).
    """
    text = raw.decode("utf-8-sig")
    value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    if _HALF.search(text):
        json.dumps(value, ensure_ascii=False).encode()
    _check_depth(value)
    return value


def _refuse(text: str) -> float:
    raise ValueError(f"{text} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(DEPTH_LIMIT):
        level = [item for part in level for item in _inside(part)]
        if not level:
            return
    raise ValueError(f"the JSON is more than {DEPTH_LIMIT} levels deep")


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def without_nulls(value: Json) -> Json:
    """The object without members that are null: for Azure a null and an absent member are the same."""
    return {
        key: without_nulls(item) if isinstance(item, dict) else item
        for key, item in value.items()
        if item is not None
    }


def section(body: Mapping[str, Any], name: str) -> Json:
    """An object inside an object; {} when it is absent or of another kind."""
    value = body.get(name)
    return dict(value) if isinstance(value, dict) else {}


def whole(text: str, most: int) -> int | None:
    """The whole number in a query parameter, at most `most`; None when it is not one."""
    if not (text.isascii() and text.isdigit()):
        return None
    return min(int(text[:18]), most) if len(text) <= 18 else most


def merged(old: Json, patch: Json) -> Json:
    """RFC 7396's merge patch."""
    result = dict(old)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merged(section(result, key), value)
        else:
            result[key] = value
    return result
