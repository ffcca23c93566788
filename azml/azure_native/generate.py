"""Reads the argument names and types of the stand-in's resources from the installed azure-native SDK.

The result, `sdk.json` beside this file, is committed: importing the SDK would add more than a second to every
command. Run `python -m azml.azure_native.generate` after an upgrade; a test compares the two.

A type is written as `string`, `integer`, `number`, `boolean`, `asset`, `any`, `[]T` for a list, `{}T` for a
map, `module:Name` for an object type and `A|B` where several object types are possible.
"""

import ast
import functools
import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from azml.azure_native import VERSION
from azml.azure_native.types import ROWS

OUTPUT = Path(__file__).with_name("sdk.json")
_SCALARS = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_LISTS, _MAPS = ("Sequence",), ("Mapping",)


def sdk_folder() -> Path:
    """Where the SDK is installed. Raises ImportError where it is not."""
    spec = importlib.util.find_spec("pulumi_azure_native")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("the package pulumi-azure-native is not installed in this environment")
    return Path(spec.submodule_search_locations[0])


_CLASS = re.compile(r"^class (\w+).*\n(?:[ \t].*\n|\n)*", re.MULTILINE)


@functools.cache
def _classes(file: Path) -> dict[str, str]:
    """The classes of a file with their source. One in ten is needed, and to parse all takes five seconds."""
    return {found[1]: found[0] for found in _CLASS.finditer(file.read_text(encoding="utf-8"))}


def _parsed(source: str) -> ast.ClassDef:
    (node,) = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    return node


def _getters(node: ast.ClassDef) -> Iterator[tuple[str, str, ast.FunctionDef]]:
    """Every property: its Python name, its API name, its function."""
    for item in node.body:
        if not isinstance(item, ast.FunctionDef):
            continue
        for decorator in item.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pulumi.getter":
                yield item.name, str(ast.literal_eval(decorator.keywords[0].value)), item
            elif ast.unparse(decorator) == "pulumi.getter":
                yield item.name, item.name, item


def _type(node: ast.expr | None, module: str) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _reference(node.value, module)
    if isinstance(node, ast.Subscript):
        return _generic(ast.unparse(node.value).rpartition(".")[2], node.slice, module)
    if isinstance(node, ast.BinOp):
        return _joined([node.left, node.right], module)
    name = ast.unparse(node).rpartition(".")[2] if node is not None else ""
    return "asset" if name in ("Asset", "Archive") else _SCALARS.get(name, "any")


def _reference(name: str, module: str) -> str:
    """An argument type, `outputs.NameResponse`, or the name of an enumeration, whose values are strings."""
    plain = name.removeprefix("outputs.")
    if plain != name:
        return f"{module}/outputs:{plain}"
    return f"{module}:{name.removesuffix('Args')}" if name.endswith("Args") else "string"


def _generic(name: str, inner: ast.expr, module: str) -> str:
    if name in ("Input", "Output", "Optional"):
        return _type(inner, module)
    if name in _LISTS:
        return f"[]{_type(inner, module)}"
    if name in _MAPS and isinstance(inner, ast.Tuple):
        return f"{{}}{_type(inner.elts[1], module)}"
    if name == "Union" and isinstance(inner, ast.Tuple):
        return _joined(inner.elts, module)
    return "any"


def _joined(nodes: list[ast.expr], module: str) -> str:
    return "|".join(sorted({_type(item, module) for item in nodes}))


def _arguments(source: str, module: str) -> dict[str, Any]:
    """The arguments of a class: their types, which are required, which have one possible value."""
    node = _parsed(source)
    init = next(item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__")
    optional = {
        argument.arg
        for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)
        if default is not None
    }
    constants = {
        ast.literal_eval(call.args[1]): call.args[2].value
        for call in ast.walk(init)
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) == "pulumi.set"
        and isinstance(call.args[2], ast.Constant)
    }
    wire = {python: name for python, name, _ in _getters(node)}
    result: dict[str, Any] = {
        "properties": {name: _type(getter.returns, module) for _, name, getter in _getters(node)},
        "required": sorted(name for python, name in wire.items() if python not in optional),
    }
    if constants:
        result["constants"] = {wire[python]: value for python, value in constants.items()}
    return result


def _object_type(folder: Path, module: str, name: str) -> dict[str, Any]:
    if module.endswith("/outputs"):
        plain = module.removesuffix("/outputs")
        return _arguments(_classes(folder / plain / "outputs.py")[name], plain)
    return _arguments(_classes(folder / module / "_inputs.py")[f"{name}Args"], module)


def _referred(properties: dict[str, str]) -> Iterator[str]:
    for spec in properties.values():
        for part in spec.replace("[]", "").replace("{}", "").split("|"):
            if ":" in part:
                yield part


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def generate() -> dict[str, Any]:
    """The argument names and types of every row of the table, and of every type they refer to."""
    folder = sdk_folder()
    resources, types = {}, {}
    waiting: list[str] = []
    for row in ROWS:
        module, name = row.token.split(":")[1:]
        classes = _classes(folder / module / f"{_snake(name)}.py")
        # The SDK adds Init where a nested type already uses the plain name.
        taken = classes.get(f"{name}Args") or classes[f"{name}InitArgs"]
        arguments = _arguments(taken, module)
        arguments["outputs"] = {
            wire: _type(get.returns, module) for _, wire, get in _getters(_parsed(classes[name]))
        }
        resources[row.token] = arguments
        waiting.extend([*_referred(arguments["properties"]), *_referred(arguments["outputs"])])
    while waiting:
        reference = waiting.pop()
        if reference not in types:
            types[reference] = _object_type(folder, *reference.split(":"))
            waiting.extend(_referred(types[reference]["properties"]))
    version = json.loads((folder / "pulumi-plugin.json").read_text(encoding="utf-8"))["version"]
    if version != VERSION:
        raise ValueError(f"azure-native {version} is installed, and VERSION says {VERSION}: change it first")
    return {"version": version, "resources": resources, "types": dict(sorted(types.items()))}


def written() -> str:
    """The file's text: one line per entry, so that an upgrade gives a readable diff."""
    document = generate()
    parts = [f'"version": {json.dumps(document["version"])}']
    for section in ("resources", "types"):
        lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in document[section].items()]
        parts.append(f'"{section}": {{\n' + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    OUTPUT.write_text(written(), encoding="utf-8")
