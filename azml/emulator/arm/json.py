"""Bodies as they come off the wire: read defensively, once, at the edge."""

import json
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


def parse_object(raw: bytes, *, keep_nulls: bool = False) -> Json | None:
    """The JSON object in a request's body; None when it is something else. Empty reads as {}.

    Nulls are dropped, except where they mean something: in a merge patch.
    """
    try:
        value = json.loads(raw) if raw else {}
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    return value if keep_nulls else without_nulls(value)


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
