"""Reads the models of one of Azure's generated Python clients, of either generation, without importing it.

Clients made from TypeSpec have a class member for each field, `rest_field(...)`; those made by AutoRest
before that have an `_attribute_map`, in which `properties.x` is a member of the object `properties`.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.published.shapes import Models, Shape

_SCALARS = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "bytes": "string"}
_TEXTS = ("datetime", "date", "time", "timedelta", "iso-8601", "duration", "rfc-1123", "base64", "bytearray")
_FIELDS = ("rest_field", "rest_discriminator")
_PATH = re.compile(r"(?<!\\)\.")


def read(folder: Path) -> Models:
    """The models in a client's folder `models`."""
    models = Models(enums=_enums(next(folder.glob("*enums.py"))))
    file = folder / "_models_py3.py"
    tree = ast.parse((file if file.exists() else folder / "_models.py").read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    models.shapes = {node.name: Shape() for node in classes}
    for node in classes:
        _read(node, models)
    return models


def _enums(file: Path) -> dict[str, list[str]]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {
        node.name: [
            str(item.value.value)
            for item in node.body
            if isinstance(item, ast.Assign) and isinstance(item.value, ast.Constant)
        ]
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }


def _read(node: ast.ClassDef, models: Models) -> None:
    shape = models.shapes[node.name]
    for base in node.bases:
        inherited = models.shapes.get(ast.unparse(base).rpartition(".")[2], Shape())
        shape.members |= inherited.members
        shape.required |= inherited.required
        shape.read |= inherited.read
    for keyword in node.keywords:
        if keyword.arg == "discriminator":
            _join(node, str(ast.literal_eval(keyword.value)), models)
    for field in _fields(node):
        _add_field(shape, field, models)
    tables = dict(_tables(node))
    if "_attribute_map" in tables:
        shape.members, shape.required, shape.read = {}, set(), set()
        enums = _enumerated(node, models)
        _add_map(node.name, tables["_attribute_map"], tables.get("_validation", {}), enums, models)
    for attribute, kinds in tables.get("_subtype_map", {}).items():
        shape.tag = _keys(tables["_attribute_map"][attribute]["key"])[-1]
        shape.kinds = dict(kinds)


def _join(node: ast.ClassDef, value: str, models: Models) -> None:
    """A class of TypeSpec's generation says itself which value of its base's tag it is for."""
    for base in node.bases:
        above = models.shapes.get(ast.unparse(base).rpartition(".")[2])
        if above is not None and above.tag:
            above.kinds[value] = node.name


def _fields(node: ast.ClassDef) -> Iterator[tuple[ast.AnnAssign, ast.Call]]:
    for item in node.body:
        if not (isinstance(item, ast.AnnAssign) and isinstance(item.value, ast.Call)):
            continue
        if ast.unparse(item.value.func) in _FIELDS:
            yield item, item.value


def _add_field(shape: Shape, field: tuple[ast.AnnAssign, ast.Call], models: Models) -> None:
    item, call = field
    words = {word.arg: word.value for word in call.keywords}
    options = {name: ast.literal_eval(words[name]) for name in ("name", "visibility") if name in words}
    name = options.get("name", ast.unparse(item.target))
    is_tag = ast.unparse(call.func) == "rest_discriminator"
    if is_tag and not _is_literal(item.annotation):
        shape.tag = name
    shape.members[name] = _annotated(item.annotation, models)
    shape.required.discard(name)
    if options.get("visibility") == ["read"]:
        shape.read.add(name)
    elif not _is_optional(item.annotation):
        shape.required.add(name)


def _is_literal(node: ast.expr) -> bool:
    return isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal"


def _is_optional(node: ast.expr) -> bool:
    return isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Optional"


def _annotated(node: ast.expr, models: Models) -> str:
    """The type that an annotation stands for."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _annotated(ast.parse(node.value, mode="eval").body, models)
    if isinstance(node, ast.Subscript):
        return _generic(ast.unparse(node.value).rpartition(".")[2], node.slice, models)
    return _named(ast.unparse(node).rpartition(".")[2], models)


def _generic(name: str, inner: ast.expr, models: Models) -> str:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if name == "Optional":
        return _annotated(inner, models)
    if name.lower() in ("list", "sequence"):
        return f"[]{_annotated(inner, models)}"
    if name.lower() in ("dict", "mapping"):
        return f"{{}}{_annotated(parts[1], models)}"
    if name == "Union":
        found = [_annotated(part, models) for part in parts]
        return next((spec for spec in found if spec.startswith("=")), "any")
    return "string" if name == "Literal" else "any"


def _named(name: str, models: Models) -> str:
    if name in _TEXTS:
        return "string"
    return _SCALARS.get(name) or models.spec(name)


def _tables(node: ast.ClassDef) -> Iterator[tuple[str, Any]]:
    for item in node.body:
        if isinstance(item, ast.Assign) and isinstance(item.value, ast.Dict):
            name = ast.unparse(item.targets[0])
            if name in ("_attribute_map", "_validation", "_subtype_map"):
                yield name, ast.literal_eval(item.value)


def _keys(key: str) -> Sequence[str]:
    return [part.replace("\\.", ".") for part in _PATH.split(key)]


def _enumerated(node: ast.ClassDef, models: Models) -> Mapping[str, str]:
    """The attributes that hold an enumeration's value: text in the map, and the constructor knows more."""
    functions = [item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"]
    arguments = [argument for item in functions for argument in item.args.kwonlyargs]
    specs = {item.arg: _annotated(item.annotation, models) for item in arguments if item.annotation}
    return {name: spec for name, spec in specs.items() if spec.startswith("=")}


def _add_map(name: str, attributes: Any, rules: Any, enums: Mapping[str, str], models: Models) -> None:
    for attribute, entry in attributes.items():
        if not entry["key"]:
            models.shapes[name].open = True
            continue
        rule, place = rules.get(attribute, {}), name
        *above, member = _keys(entry["key"])
        for part in above:
            place = _below(place, part, bool(rule.get("required")), models)
        shape = models.shapes[place]
        spec = _mapped(entry["type"], models)
        shape.members[member] = enums.get(attribute, spec) if spec == "string" else spec
        shape.required |= {member} if rule.get("required") and not rule.get("readonly") else set()
        shape.read |= {member} if rule.get("readonly") else set()


def _below(place: str, member: str, required: bool, models: Models) -> str:
    """The shape of an object that the client has flattened into another."""
    name = f"{place}.{member}"
    models.shapes.setdefault(name, Shape())
    models.shapes[place].members[member] = f"@{name}"
    if required:
        models.shapes[place].required.add(member)
    return name


def _mapped(text: str, models: Models) -> str:
    if text.startswith("["):
        return f"[]{_mapped(text[1:-1], models)}"
    if text.startswith("{"):
        return f"{{}}{_mapped(text[1:-1], models)}"
    return _named(text, models)
