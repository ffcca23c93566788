"""Every small change of a module that its tests should notice: one operator, constant or statement."""

import ast
import copy
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


class Mutant(NamedTuple):
    """A module with one change; `what` says which, `line` where."""

    line: int
    what: str
    tree: ast.Module


Change = Callable[[ast.AST], None]


def mutants(source: str) -> Iterator[Mutant]:
    """All mutants of a module, in the order of its lines."""
    tree = ast.parse(source)
    places = [node for function in _functions(tree) for node in _inside(function)]
    for node in places:
        for what, change in _changes(node):
            copied = copy.deepcopy(tree)
            change(_same(tree, copied, node))
            yield Mutant(getattr(node, "lineno", 0), what, ast.fix_missing_locations(copied))


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _inside(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """What a function does: not its annotations and docstring, nor what it says in a sentence."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    for statement in body:
        yield from _walk(statement)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.JoinedStr | ast.FunctionDef | ast.Raise):
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "msg"):
            continue
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, ast.AST):
                yield from _walk(inner)


def _same(tree: ast.AST, copied: ast.AST, node: ast.AST) -> ast.AST:
    """The node of the copy that stands where `node` stands."""
    pairs = zip(ast.walk(tree), ast.walk(copied), strict=True)
    return next(other for one, other in pairs if one is node)


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
        case ast.Constant(value=int() | float() as value):
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
