"""Checks whether Azure's inference server would accept the scoring script.

The rules are those of azureml-inference-server-http 1.5 (`server/user_script.py`): `init()` is called with
nothing, `run()` with keywords only: its first parameter gets the request's body, `request_headers` the
headers; with inference-schema's decorators every parameter is an input of its own.
"""

import ast
from collections.abc import Callable
from pathlib import Path

from azml.findings import Finding
from azml.specs import read_text

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef
Wrong = Callable[[str, str], None]
SCHEMA_DECORATORS = frozenset(("input_schema", "output_schema"))
PLAIN_DECORATORS = frozenset(("rawhttp", *SCHEMA_DECORATORS))


def check_script(file: Path, findings: list[Finding]) -> None:
    """Find what would keep the server from starting, or every request from succeeding."""
    text = read_text(file, findings)
    if text is None:
        return
    try:
        module = ast.parse(text)
    except SyntaxError as error:
        findings.append(Finding(f"is not valid Python: {error.msg}", "", file, error.lineno))
        return
    except (ValueError, RecursionError, MemoryError) as error:
        findings.append(Finding(f"is not valid Python: {error}", "", file))
        return
    names = _top_level(module)
    for name in ("init", "run"):
        if name in names:
            found = names[name]
            if isinstance(found, FUNCTIONS):
                _check(found, file, findings)
        elif "*" not in names:
            findings.append(Finding(f"defines no {name}()", f"add def {name}({_example(name)}):", file))


def _example(name: str) -> str:
    return "" if name == "init" else "raw_data"


def _top_level(module: ast.Module) -> dict[str, ast.stmt]:
    """The module's bindings by name; the last one wins, as at run time. `*` stands for anything."""
    names: dict[str, ast.stmt] = {}
    pending = list(module.body)
    while pending:
        statement = pending.pop(0)
        for name in _bound(statement):
            names[name] = statement
        pending[:0] = _inner(statement)
    return names


def _inner(statement: ast.stmt) -> list[ast.stmt]:
    """The statements of a block that runs at import: if, try, with, for, while, match."""
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        return []
    return [
        child
        for node in ast.iter_child_nodes(statement)
        for child in ([node] if isinstance(node, ast.stmt) else _of(node))
    ]


def _of(node: ast.AST) -> list[ast.stmt]:
    """The statements directly inside an except handler or a match case."""
    holds = isinstance(node, (ast.ExceptHandler, ast.match_case))
    return [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)] if holds else []


def _bound(statement: ast.stmt) -> list[str]:
    """The names one statement binds."""
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        return [statement.name]
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name for alias in statement.names]
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]


def _check(function: Function, file: Path, findings: list[Finding]) -> None:
    """Check one of the two functions; unknown decorators may change anything, so those are skipped."""

    def wrong(message: str, remedy: str) -> None:
        findings.append(Finding(f"{function.name}() {message}", remedy, file, function.lineno))

    if isinstance(function, ast.AsyncFunctionDef):
        wrong("is async, and the server does not await it", "make it a plain function")
    elif any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in _own_nodes(function)):
        wrong("is a generator: calling it runs nothing", "return the result")
    decorators = [_decorator(node) for node in function.decorator_list]
    if any(name not in PLAIN_DECORATORS for name in decorators):
        return
    if function.name == "init":
        if _required(function.args):
            wrong("takes arguments, and the server passes none", "def init():")
        return
    _check_run(function, decorators, wrong)


def _check_run(function: Function, decorators: list[str], wrong: Wrong) -> None:
    """The parameters of run(): all by keyword, one for the body."""
    arguments = function.args
    if arguments.posonlyargs or arguments.vararg or arguments.kwarg:
        wrong(
            "has positional-only arguments, *args or **kwargs, which the server refuses", "def run(raw_data):"
        )
        return
    inputs = [node.arg for node in (*arguments.args, *arguments.kwonlyargs) if node.arg != "request_headers"]
    if not inputs:
        wrong("has no argument for the request's data", "def run(raw_data):")
    elif not SCHEMA_DECORATORS.intersection(decorators):
        extra = [name for name in _required(arguments) if name not in (inputs[0], "request_headers")]
        if extra:
            wrong(
                f"needs {', '.join(extra)} too, and the server passes only {inputs[0]}", "give it a default"
            )
    if "rawhttp" in decorators and SCHEMA_DECORATORS.intersection(decorators):
        wrong("has both @rawhttp and a schema decorator, which the server refuses", "keep one")


def _required(arguments: ast.arguments) -> list[str]:
    """The parameters without a default."""
    positional = [*arguments.posonlyargs, *arguments.args]
    needed = [node.arg for node in positional[: len(positional) - len(arguments.defaults)]]
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return needed + [node.arg for node, default in pairs if default is None]


def _decorator(node: ast.expr) -> str:
    """The last part of a decorator's name: `input_schema` of `@schema.input_schema(...)`."""
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _own_nodes(function: Function) -> list[ast.AST]:
    """The nodes of a function without those of the functions inside it."""
    found: list[ast.AST] = []
    pending: list[ast.AST] = list(function.body)
    while pending:
        node = pending.pop()
        found.append(node)
        if not isinstance(node, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            pending.extend(ast.iter_child_nodes(node))
    return found
