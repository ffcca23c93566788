"""Puts the table together that the local Azure checks bodies by, and writes it compactly."""

import json
from collections.abc import Iterator
from typing import Any

from scripts.published import native, previews
from scripts.published.operations import Operation, plain
from scripts.published.shapes import Models, Shape, Union
from scripts.published.sources import MACHINE_LEARNING, SOURCES, Source

BODIES = ("PUT", "PATCH", "POST")
Roots = dict[str, dict[str, str]]


def build() -> dict[str, Any]:
    """The table: sources, the type of each body by resource type and operation, shapes and enumerations."""
    models, roots = Models(), Roots()
    for source in SOURCES:
        read = source.models()
        if source is MACHINE_LEARNING:
            previews.add(read)
        previews.require(read)
        models.add(source.prefix, read)
        for kind, word, operation in _bodies(source):
            roots.setdefault(kind, {})[word] = _root(models, source, word, operation)
    natives, specs = native.read()
    models.add("native.", natives)
    for kind, spec in specs.items():
        roots[kind] = {"PUT": "@native." + spec[1:]}
    needed = models.reachable(spec for bodies in roots.values() for spec in bodies.values())
    return {
        "sources": [*(source.said for source in SOURCES), native.SAID],
        "bodies": {kind.lower(): roots[kind] for kind in sorted(roots)},
        "shapes": {name: _shape(shape) for name, shape in sorted(needed.shapes.items())},
        "enums": dict(sorted(needed.enums.items())),
    }


def _bodies(source: Source) -> Iterator[tuple[str, str, Operation]]:
    """The operations with a body on a source's types: type, word (the method or the action), operation."""
    wanted = {kind.lower(): kind for kind in source.types}
    for operation in source.operations():
        if operation.method not in BODIES or not operation.body:
            continue
        path, action = operation.path, ""
        if operation.method == "POST":
            path, _, action = path.rpartition("/")
        kind = type_of(path)
        if kind in wanted:
            yield wanted[kind], action.lower() or operation.method, operation


def type_of(path: str) -> str:
    """The resource type of a path with parameters in braces, in lower case; empty for a collection."""
    if plain(path) == "subscriptions/{}/resourcegroups/{}":
        return "microsoft.resources/resourcegroups"
    _, found, tail = plain(path).rpartition("providers/")
    namespace, *pieces = tail.split("/")
    names, given = pieces[::2], pieces[1::2]
    whole = found and names and len(names) == len(given) and given[-1] == "{}"
    return "/".join([namespace, *names]) if whole else ""


def _root(models: Models, source: Source, word: str, operation: Operation) -> str:
    """The type of a body. Whoever reads a resource and puts it back sends what answers have too."""
    spec = f"@{source.prefix}{operation.body}"
    answer = f"@{source.prefix}{operation.answer}"
    if word == "PUT" and answer[1:] in models.shapes:
        Union(models, outputs=True).add(spec, answer)
    return spec


def _shape(shape: Shape) -> dict[str, Any]:
    row: dict[str, Any] = {"members": dict(sorted(shape.members.items()))}
    needed = shape.required - shape.read
    row |= {"required": sorted(needed)} if needed else {}
    row |= {"read": sorted(shape.read)} if shape.read else {}
    row |= {"tag": shape.tag, "kinds": dict(sorted(shape.kinds.items()))} if shape.kinds else {}
    return row | ({"open": True} if shape.open else {})


def written() -> str:
    """The table's text: one line an entry, so that an upgrade shows as a readable difference."""
    document = build()
    parts = [f'"sources": {json.dumps(document["sources"])}']
    for section in ("bodies", "shapes", "enums"):
        lines = [f"{json.dumps(key)}: {_compact(value)}" for key, value in document[section].items()]
        parts.append(f'"{section}": {{\n' + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
