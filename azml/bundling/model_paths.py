"""Checks that the files a scoring script opens below AZUREML_MODEL_DIR will exist.

The last element of the model's path is part of the path below that folder: a model whose path is the folder
`model` has its `model.pkl` at `model/model.pkl`. Opening `model.pkl` is the most common first mistake.
"""

import ast
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path, PurePosixPath

VARIABLE = "AZUREML_MODEL_DIR"
READERS = frozenset(("getenv", "get"))
JOINS = frozenset(("join", "joinpath"))
SAME = frozenset(("Path", "PurePath", "PosixPath", "str", "fspath", "abspath", "normpath", "realpath"))
SHOWN = 6


def model_path_notes(script: Path, shown: str, files: Collection[str]) -> list[str]:
    """A note for each literal path that will not exist. `files` are the paths below AZUREML_MODEL_DIR.

    The script must have passed check_script.
    """
    try:
        module = ast.parse(script.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, SyntaxError):
        return []
    return [
        f"{shown}:{line} opens {path} below {VARIABLE}, which will not exist: {_instead(path, files)}"
        for line, path in dict.fromkeys(_Paths().of(module))
        if not _is_there(path, files)
    ]


def _is_there(path: str, files: Collection[str]) -> bool:
    wild = any(letter in path for letter in "*?[{")
    return wild or path in files or any(file.startswith(f"{path}/") for file in files)


def _instead(path: str, files: Collection[str]) -> str:
    name = PurePosixPath(path).name
    same = [file for file in files if file.endswith(f"/{path}")]
    same = same or [file for file in files if PurePosixPath(file).name == name]
    if same:
        return f"the file is at {sorted(same)[0]}"
    return f"there is {', '.join(sorted(files)[:SHOWN])}"


class _Paths:
    """Follows the module's uses of AZUREML_MODEL_DIR, in source order."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._texts: dict[str, str] = {}

    def of(self, module: ast.Module) -> Iterator[tuple[int, str]]:
        """Lines, and the literal paths below the folder on them."""
        yield from self._visit(module)

    def _visit(self, node: ast.AST) -> Iterator[tuple[int, str]]:
        if isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets):
            self._assign([target.id for target in node.targets if isinstance(target, ast.Name)], node.value)
        if isinstance(node, ast.expr) and not isinstance(node, ast.Name):
            found = self._path(node)
            if found is not None:
                if found:
                    yield node.lineno, found
                return
        for child in ast.iter_child_nodes(node):
            yield from self._visit(child)

    def _assign(self, names: list[str], value: ast.expr) -> None:
        for kept, found in ((self._names, self._path(value)), (self._texts, _text(value))):
            for name in names:
                kept.pop(name, None)
                if found is not None:
                    kept[name] = found

    def _part(self, node: ast.expr) -> str | None:
        """A literal part of a path, written in place or assigned to a name."""
        return self._texts.get(node.id) if isinstance(node, ast.Name) else _text(node)

    def _path(self, node: ast.expr) -> str | None:
        """The path below the folder that an expression gives: empty for the folder, None for elsewhere."""
        if isinstance(node, ast.Name):
            return self._names.get(node.id)
        if isinstance(node, ast.Subscript):
            return "" if _last(node.value) == "environ" and _text(node.slice) == VARIABLE else None
        if isinstance(node, ast.BoolOp):
            return self._path(node.values[0])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            return self._joined(node.left, [self._part(node.right)])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._joined(node.left, [_text(node.right)])
        if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.FormattedValue):
            return self._joined(node.values[0].value, [_text(part) for part in node.values[1:]])
        return self._called(node) if isinstance(node, ast.Call) else None

    def _called(self, node: ast.Call) -> str | None:
        name = _last(node.func)
        if name in READERS and node.args and _text(node.args[0]) == VARIABLE:
            return ""
        if name == "joinpath" and isinstance(node.func, ast.Attribute):
            return self._joined(node.func.value, map(self._part, node.args))
        if name in JOINS | SAME and node.args:
            return self._joined(node.args[0], map(self._part, node.args[1:]))
        return None

    def _joined(self, base: ast.expr, rest: Iterable[str | None]) -> str | None:
        start, parts = self._path(base), list(rest)
        if start is None or any(part is None for part in parts):
            return None
        path = PurePosixPath(start, *(str(part).strip("/") for part in parts))
        return None if ".." in path.parts else "" if str(path) == "." else str(path)


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _last(node: ast.expr) -> str:
    """The last part of a name: `join` of `os.path.join`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
