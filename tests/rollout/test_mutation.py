"""The faults that `python -m tests.rollout.mutation` plants: each changes one thing that a function does."""

import ast

import pytest

from tests.rollout.mutation.operators import mutants

SOURCE = '''
LIMIT = 3

def f(a: int = 1) -> bool:
    """Says 1 < 2."""
    if {} :
        g(f"{{a + 1}}")
    return a
'''


@pytest.mark.parametrize(
    ("test", "wanted"),
    [
        ("a < 2", {"a <= 2", "a >= 2", "a < 3", "True", "False"}),
        ("a is b", {"a is not b", "True", "False"}),
        ("a and b", {"a or b", "True", "False"}),
        ("not a", {"not not a", "True", "False"}),
        ("a * b", {"a / b", "True", "False"}),
        ("a(True)", {"a(False)", "True", "False"}),
    ],
)
def test_a_mutant_changes_one_thing(test: str, wanted: set[str]) -> None:
    found = list(mutants(SOURCE.format(test)))
    texts = [ast.unparse(one.tree) for one in found]
    assert {text.split("if ")[1].split(":")[0] for text in texts} - {test} == wanted
    assert len(set(texts)) == len(texts) and ast.unparse(ast.parse(SOURCE.format(test))) not in texts
    assert [one.line for one in found if one.what == "the call is gone"] == [7]


def test_what_is_said_and_declared_is_left_alone() -> None:
    for one in mutants(SOURCE.format("a")):
        text = ast.unparse(one.tree)
        assert "LIMIT = 3" in text and "a: int=1" in text and "Says 1 < 2" in text
