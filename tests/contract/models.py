"""Values against the models of Azure's own clients, as loaded.

The table of `scripts.published` reads the clients' source; here the classes themselves are asked, of both
generations: TypeSpec's, with a field for each member, and AutoRest's, with a map.
"""

import datetime
import enum
import functools
import operator
import sys
import types
import typing
from collections.abc import Iterator, MutableMapping
from typing import Any, Literal, Union

Json = dict[str, Any]
ALSO = frozenset(
    {
        # azure-native's description of the same API version has them.
        ("RoleAssignment", "systemData"),
        ("ActionGroupResource", "systemData"),
        # A member of API 2022-05-01, and the one way to recover a workspace.
        ("WorkspaceProperties", "allowRecoverSoftDeletedWorkspace"),
    }
)
"""Members that are published, and that the client's models have not."""
_TEXTS = (datetime.datetime, datetime.date, datetime.time, datetime.timedelta, bytes)


def wrong(model: Any, value: Any, path: str, *, sent: bool, partial: bool = False) -> Iterator[str]:
    """Everything in which a value is not of a model: unknown members, wrong types, missing ones.

    `sent` values lack nothing that is required, unless they are `partial`; answers may lack what only
    requests must have.
    """
    if hasattr(model, "_attribute_map"):
        yield from _mapped(model, value, path, sent=sent, partial=partial)
    else:
        yield from _fields(model, value, path, sent=sent, partial=partial)


def _fields(model: Any, value: Any, path: str, *, sent: bool, partial: bool) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is no object, as {model.__name__} is"
        return
    model = _kind(model, value)
    known = {field._rest_name: (name, field) for name, field in _attributes(model).items()}
    hints = _hints(model)
    for name, item in value.items():
        if (model.__name__, name) in ALSO:
            continue
        if name not in known:
            yield f"{model.__name__} has no member {path}.{name}"
        elif item is not None:
            yield from _typed(
                hints[known[name][0]], item, f"{path}.{name}", model, sent=sent, partial=partial
            )
    for name, (attribute, field) in known.items():
        is_needed = type(None) not in typing.get_args(hints[attribute]) and field._visibility != ["read"]
        if sent and is_needed and not partial and value.get(name) is None:
            yield f"{model.__name__} needs {path}.{name}"


@functools.cache
def _attributes(model: Any) -> dict[str, Any]:
    model({})  # the first instance fills in the names and types of its class
    found: dict[str, Any] = model._attr_to_rest_field
    return found


@functools.cache
def _hints(model: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for base in reversed(model.__mro__):
        space = vars(sys.modules[base.__module__]) | {"_models": _module(base)}
        for name, hint in getattr(base, "__annotations__", {}).items():
            found[name] = eval(hint, space) if isinstance(hint, str) else _resolved(hint, space)
    return found


def _module(model: Any) -> Any:
    modules = sys.modules
    return modules.get(model.__module__.rpartition(".")[0], modules[model.__module__])


def _resolved(hint: Any, space: dict[str, Any]) -> Any:
    if isinstance(hint, typing.ForwardRef):
        return eval(hint.__forward_arg__, space)
    if isinstance(hint, str):
        return eval(hint, space)
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        return functools.reduce(operator.or_, [_resolved(part, space) for part in parts])
    if origin in (list, dict):
        return origin[tuple(_resolved(part, space) for part in parts)]
    return hint


def _kind(model: Any, value: Json) -> Any:
    kinds = getattr(model, "__mapping__", {})
    tags = [field._rest_name for field in _attributes(model).values() if field._is_discriminator]
    answer = str(value.get(tags[0], "")) if tags else ""
    return next((kind for name, kind in kinds.items() if str(name).lower() == answer.lower()), model)


def _typed(hint: Any, value: Any, path: str, model: Any, *, sent: bool, partial: bool) -> Iterator[str]:
    origin, parts = (
        typing.get_origin(hint),
        [part for part in typing.get_args(hint) if part is not type(None)],
    )
    if origin in (Union, types.UnionType):
        enums = [part for part in parts if isinstance(part, type) and issubclass(part, enum.Enum)]
        yield from _typed((enums or parts)[0], value, path, model, sent=sent, partial=partial)
    elif origin is list:
        if not isinstance(value, list):
            yield f"{path} is no list"
        for place, item in enumerate(value if isinstance(value, list) else ()):
            yield from _typed(parts[0], item, f"{path}[{place}]", model, sent=sent, partial=partial)
    elif origin is dict:
        if not isinstance(value, dict):
            yield f"{path} is no object"
        for name, item in value.items() if isinstance(value, dict) else ():
            if sent and parts[1] is str and type(item) is int:
                continue  # azure-ai-ml itself sends hash_version as a number
            yield from _typed(parts[1], item, f"{path}.{name}", model, sent=sent, partial=partial)
    elif origin is Literal or hint is Any:
        return
    elif isinstance(hint, type) and issubclass(hint, MutableMapping):
        yield from _fields(hint, value, path, sent=sent, partial=partial)
    else:
        yield from _plain(hint, value, path)


def _plain(hint: Any, value: Any, path: str) -> Iterator[str]:
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        known = [str(item.value).lower().replace(" ", "") for item in hint]
        if str(value).lower().replace(" ", "") not in known and value != "***":
            yield f"{path} is {value!r}: {hint.__name__} has no such value"
    elif hint is bool or hint is str or hint in _TEXTS:
        if not isinstance(value, bool if hint is bool else str):
            yield f"{path} is {value!r}, and {hint.__name__} is wanted"
    elif hint in (int, float) and (isinstance(value, bool) or not isinstance(value, (int, hint))):
        yield f"{path} is {value!r}, and {hint.__name__} is wanted"


_MAP_TEXTS = ("str", "iso-8601", "duration", "rfc-1123", "date", "time", "bytearray", "base64")


def _mapped(model: Any, value: Any, path: str, *, sent: bool, partial: bool) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is no object, as {model.__name__} is"
        return
    model = _map_kind(model, value)
    tree: dict[str, Any] = {}
    for name, item in model._attribute_map.items():
        if not item["key"]:
            return  # it takes any member
        *above, last = item["key"].replace("\\.", "\0").split(".")
        place = tree
        for part in above:
            place = place.setdefault(part, {})
        place[last.replace("\0", ".")] = (item["type"], model._validation.get(name, {}))
    yield from _branch(model, tree, value, path, sent=sent, partial=partial)


def _map_kind(model: Any, value: Json) -> Any:
    for attribute, kinds in getattr(model, "_subtype_map", {}).items():
        tag = model._attribute_map[attribute]["key"].replace("\\.", ".")
        answer = kinds.get(value.get(tag))
        return getattr(_module(model), answer) if answer else model
    return model


def _branch(model: Any, tree: Json, value: Json, path: str, *, sent: bool, partial: bool) -> Iterator[str]:
    for name, item in value.items():
        if (model.__name__, name) in ALSO:
            continue
        if name not in tree:
            yield f"{model.__name__} has no member {path}.{name}"
        elif isinstance(tree[name], dict) and isinstance(item, dict):
            yield from _branch(model, tree[name], item, f"{path}.{name}", sent=sent, partial=partial)
        elif item is not None:
            yield from _of_map(model, tree[name][0], item, f"{path}.{name}", sent=sent, partial=partial)
    for name, each in tree.items():
        rules = each[1] if isinstance(each, tuple) else {}
        is_needed = rules.get("required") and not rules.get("readonly")
        if sent and is_needed and not partial and value.get(name) is None:
            yield f"{model.__name__} needs {path}.{name}"


def _of_map(model: Any, text: str, value: Any, path: str, *, sent: bool, partial: bool) -> Iterator[str]:
    if text.startswith("["):
        for place, item in enumerate(value):
            yield from _of_map(model, text[1:-1], item, f"{path}[{place}]", sent=sent, partial=partial)
    elif text.startswith("{"):
        for name, item in value.items():
            yield from _of_map(model, text[1:-1], item, f"{path}.{name}", sent=sent, partial=partial)
    elif text in ("int", "float", "bool") or text in _MAP_TEXTS:
        hint = {"int": int, "float": float, "bool": bool}.get(text, str)
        yield from _plain(hint, value, path)
    elif isinstance(found := getattr(_module(model), text, None), type):
        if issubclass(found, enum.Enum):
            yield from _plain(found, value, path)
        else:
            yield from _mapped(found, value, path, sent=sent, partial=partial)
