"""Every small change of a module that its tests should notice: one operator, constant or statement."""

import ast
import copy
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
REVERSED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
}
COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}


Change = Callable[[ast.AST], None]


class Mutant(NamedTuple):
    """One change of `module`: `what` is changed in `text`, a part of `function`, in line `line`.

    `place` is which of the nodes of `source` is changed, and `lines` are those of the statement around it: a
    test that runs none of them cannot tell. The other fields are what a reader needs.
    """

    module: str
    function: str
    line: int
    lines: range
    text: str
    what: str
    source: ast.Module
    place: int
    change: Change

    @property
    def name(self) -> str:
        """What it is called, also after lines were added above it."""
        return f"{self.module}.{self.function}: {self.text}: {self.what}"

    @property
    def tree(self) -> ast.Module:
        """The module with the change in it."""
        copied = copy.deepcopy(self.source)
        self.change(next(itertools.islice(ast.walk(copied), self.place, None)))
        return ast.fix_missing_locations(copied)


def mutants(source: str, module: str = "") -> Iterator[Mutant]:
    """All mutants of a module. Two of a function that would have one name are told apart by a number."""
    tree = ast.parse(source)
    places = {id(node): place for place, node in enumerate(ast.walk(tree))}
    names: Counter[str] = Counter()
    for function, definition in _functions(tree):
        for lines, node in _inside(definition):
            for what, change in _changes(node):
                line, place = getattr(node, "lineno", 0), places[id(node)]
                one = Mutant(module, function, line, lines, _text(node), what, tree, place, change)
                names[one.name] += 1
                number = names[one.name]
                yield one if number == 1 else one._replace(what=f"{what} ({number})")


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """All functions, each with the name of the outermost one around it, and of that one's class."""
    for statement in tree.body:
        holder = f"{statement.name}." if isinstance(statement, ast.ClassDef) else ""
        for outer in statement.body if isinstance(statement, ast.ClassDef) else [statement]:
            if isinstance(outer, ast.FunctionDef):
                inner = [one for one in ast.walk(outer) if isinstance(one, ast.FunctionDef)]
                yield from ((holder + outer.name, one) for one in inner)


def _text(node: ast.AST) -> str:
    """The source of what is changed; of a statement its first line."""
    return ast.unparse(node).partition("\n")[0]


def _inside(function: ast.FunctionDef) -> Iterator[tuple[range, ast.AST]]:
    """What a function does: not its annotations and docstring, nor what it says in a sentence."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    for statement in body:
        yield from _walk(statement, range(0))


def _walk(node: ast.AST, lines: range) -> Iterator[tuple[range, ast.AST]]:
    if isinstance(node, ast.JoinedStr | ast.FunctionDef | ast.Raise):
        return
    if isinstance(node, ast.stmt):
        lines = _lines(node)
    yield lines, node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "msg"):
            continue
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, ast.AST):
                yield from _walk(inner, lines)


def _lines(statement: ast.stmt) -> range:
    """The lines of a statement; of one around others, those before the first of them."""
    body = getattr(statement, "body", None)
    end = max(body[0].lineno, statement.lineno + 1) if body else (statement.end_lineno or 0) + 1
    return range(statement.lineno, end)


def _changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    match node:
        case ast.Compare(ops=[operator, *_]):
            for table in (COMPARED, REVERSED):
                if other := table.get(type(operator)):
                    yield f"{_name(type(operator))} is {_name(other)}", _comparing(other)
        case ast.BoolOp(op=operator):
            other_op = ast.Or if isinstance(operator, ast.And) else ast.And
            yield f"{_name(type(operator))} is {_name(other_op)}", _joining(other_op)
        case ast.BinOp(op=operator) if type(operator) in COUNTED:
            counted = COUNTED[type(operator)]
            yield f"{_name(type(operator))} is {_name(counted)}", _counting(counted)
        case ast.UnaryOp(op=ast.Not()):
            yield "not is gone", _becoming_operand
        case ast.Constant(value=bool() as value):
            yield f"{value} is {not value}", _being(not value)
        case ast.Constant(value=int() | float() as value) if value + 1 != value:
            yield f"{value} is {value + 1}", _being(value + 1)
        case ast.If():
            yield "if is always", _testing(True)
            yield "if is never", _testing(False)
        case ast.IfExp():
            yield "the condition is always so", _testing(True)
            yield "the condition is never so", _testing(False)
        case ast.Expr(value=ast.Call()):
            yield "the call is gone", _calling_nothing


def _name(kind: type[ast.AST]) -> str:
    return kind.__name__


def _comparing(other: type[ast.cmpop]) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Compare)
        node.ops[0] = other()

    return change


def _joining(other: type[ast.boolop]) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.BoolOp)
        node.op = other()

    return change


def _counting(other: type[ast.operator]) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.BinOp)
        node.op = other()

    return change


def _being(value: float) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Constant)
        node.value = value

    return change


def _testing(value: bool) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.If | ast.IfExp)
        node.test = ast.Constant(value)

    return change


def _becoming_operand(node: ast.AST) -> None:
    """`not x` becomes `+x` of its truth: `bool(x)`."""
    assert isinstance(node, ast.UnaryOp)
    node.operand = ast.UnaryOp(ast.Not(), node.operand)


def _calling_nothing(node: ast.AST) -> None:
    assert isinstance(node, ast.Expr)
    node.value = ast.Constant(None)
