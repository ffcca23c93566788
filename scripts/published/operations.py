"""Reads the operations of one of Azure's generated Python clients, without importing it.

A client has a function for each request, which knows method and address, and a method that sends it, which
knows the body's model, the statuses it accepts and the answer's model.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_BUILDER = re.compile(r"build_\w+_request")
_RESPONSE = re.compile(r"_?deserialize\((?:_models\.(\w+)|'(\w+)')")


@dataclass
class Operation:
    """One operation: the method, the address with its parameters in braces, models and accepted statuses."""

    method: str
    path: str
    body: str = ""
    answer: str = ""
    statuses: set[int] = field(default_factory=set)

    @property
    def key(self) -> str:
        """How it is looked up: parameters have no names, and case means nothing."""
        return f"{self.method} {plain(self.path)}"


def plain(path: str) -> str:
    """A path in lower case, each parameter as `{}`."""
    return re.sub(r"{[^}]*}", "{}", path.strip("/")).lower()


def read(folder: Path) -> list[Operation]:
    """The operations in a client's folder `operations`."""
    found: list[Operation] = []
    for file in sorted(folder.glob("_*operations.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        builders = {node.name: _built(node) for node in tree.body if isinstance(node, ast.FunctionDef)}
        operations = {name: built for name, built in builders.items() if built is not None}
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                _fill(node, operations)
        found += operations.values()
    return found


def _built(node: ast.FunctionDef) -> Operation | None:
    """What a `build_..._request` function sends."""
    if not _BUILDER.fullmatch(node.name):
        return None
    path = next(_addresses(node), "")
    for statement in node.body:
        call = statement.value if isinstance(statement, ast.Return) else None
        if isinstance(call, ast.Call) and _is_name(call.func, "HttpRequest"):
            method = next(word for word in call.keywords if word.arg == "method").value
            return Operation(str(ast.literal_eval(method)), path)
    return None


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _addresses(node: ast.FunctionDef) -> Iterator[str]:
    for item in node.body:
        if isinstance(item, ast.Assign) and _is_name(item.targets[0], "_url"):
            for constant in ast.walk(item.value):
                if isinstance(constant, ast.Constant) and str(constant.value).startswith("/"):
                    yield str(constant.value)


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """All of them, also those within others. Of expressions there are ten times as many: none is visited."""
    for item in body:
        yield item
        for below in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(item, below, ()))


def _fill(node: ast.ClassDef, operations: dict[str, Operation]) -> None:
    methods: dict[str, list[ast.FunctionDef]] = {}
    for item in node.body:
        if isinstance(item, ast.FunctionDef):
            name = item.name.removeprefix("begin_").removeprefix("_").removesuffix("_initial")
            methods.setdefault(name, []).append(item)
    for group in methods.values():
        told = [(item, list(_statements(item.body))) for item in group]
        for name in {name for _, parts in told for name in _called(parts)} & operations.keys():
            for item, parts in told:
                _fill_one(item, parts, operations[name])


def _called(parts: Sequence[ast.stmt]) -> Iterator[str]:
    """The functions whose results are given a name."""
    for part in parts:
        call = part.value if isinstance(part, ast.Assign) else None
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            yield call.func.id


def _fill_one(item: ast.FunctionDef, parts: Sequence[ast.stmt], operation: Operation) -> None:
    for argument in (*item.args.args, *item.args.kwonlyargs):
        said = ast.unparse(argument.annotation) if argument.annotation else ""
        if "IO" in said and (models := re.findall(r"_models\.(\w+)", said)):
            operation.body = models[0]
    for part in parts:
        if isinstance(part, ast.If) and isinstance(part.test, ast.Compare):
            _accepted(part.test, operation)
        elif isinstance(part, ast.Assign) and _is_name(part.targets[0], "deserialized"):
            found = _RESPONSE.search(ast.unparse(part.value))
            operation.answer = (found[1] or found[2]) if found else operation.answer


def _accepted(test: ast.Compare, operation: Operation) -> None:
    if isinstance(test.ops[0], ast.NotIn) and ast.unparse(test.left) == "response.status_code":
        operation.statuses |= set(ast.literal_eval(test.comparators[0]))
