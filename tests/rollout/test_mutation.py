"""The faults that `python -m tests.rollout.mutation` plants: each changes one thing that a function does."""

import ast
import os
import signal
from pathlib import Path
from types import FunctionType

import pytest

from azml.rollout.deciding import engine, moves
from azml.rollout.driving import driver
from azml.rollout.journals import document
from azml.rollout.plan import SmokeStep, TrafficStep
from azml.rollout.statistics import evidence
from tests.rollout.mutation.__main__ import Score, chosen, explained
from tests.rollout.mutation.memory import Memory, Result
from tests.rollout.mutation.operators import mutants
from tests.rollout.mutation.planting import live, plant
from tests.rollout.mutation.trying import in_a_copy

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


@pytest.mark.thorough
def test_each_mutant_has_a_name_of_its_own_that_says_where_it_is() -> None:
    found = list(mutants(SOURCE.format("a < 1 or a < 1"), "m"))
    assert [one.name for one in found if one.what.startswith("Lt is LtE")] == [
        "m.f: a < 1: Lt is LtE",
        "m.f: a < 1: Lt is LtE (2)",
    ]
    every = [one.name for one in chosen([])]
    assert len(set(every)) == len(every) > 2000 and explained() <= set(every)
    assert {one.function for one in chosen(["deciding.engine.decide", "deciding.moves.least"])} == {
        "decide",
        "least",
    }


def test_a_mutant_is_planted_for_everybody_who_has_imported_its_function() -> None:
    mutant = next(one for one in chosen(["deciding.moves.least"]) if one.what == "0.0 is 1.0")
    function, imported = moves.least, vars(engine)["least"]
    whole = function.__code__
    plant(mutant)
    try:
        assert imported(SmokeStep(())) == 1.0 and imported(TrafficStep(5, 60.0, ())) == 60.0
    finally:
        function.__code__ = whole
    assert imported(SmokeStep(())) == 0.0


@pytest.mark.parametrize(
    ("module", "name"), [(driver, "Driver._document"), (evidence, "clean_trials"), (document, "Head.held")]
)
def test_what_is_wrapped_around_a_function_is_taken_off(module: object, name: str) -> None:
    assert isinstance(live(module, name), FunctionType)  # type: ignore[arg-type]


def test_only_what_is_explained_may_survive(capsys: pytest.CaptureFixture[str]) -> None:
    one, other, *_ = mutants(SOURCE.format("a < 1"), "m")
    score = Score(frozenset({one.name}))
    score.count(one, Result(""))
    score.count(other, Result("test_it", hung=True))
    assert score.show() == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["m", "2", "1", "1", "1", "0"]
    score.count(other, Result(""))
    assert score.show() == 1 and other.name in capsys.readouterr().out
    useless = Score(frozenset({one.name}))
    useless.count(one, Result("test_it"))
    assert useless.show() == 1


def test_a_mutant_knows_the_lines_of_its_statement() -> None:
    whole = {one.what: one.lines for one in mutants(SOURCE.format("a < 1"), "m") if "1 is 2" not in one.what}
    assert whole["if is never"] == whole["Lt is LtE"] == range(6, 7)
    assert whole["the call is gone"] == range(7, 8)


def test_a_result_holds_until_the_code_or_a_test_is_changed(tmp_path: Path) -> None:
    file, source = tmp_path / "results.jsonl", tmp_path / "source.py"
    source.write_text("a = 1")
    memory = Memory(file, [source])
    memory.keep("one", Result("test_it"))
    memory.keep("other", Result(""))
    file.write_text(file.read_text() + '["cut o')
    again = Memory(file, [source])
    assert again.sure == {"one": Result("test_it"), "other": Result("")}
    source.write_text("a = 2")
    changed = Memory(file, [source])
    assert changed.sure == {} and changed.before["one"].test == "test_it"


@pytest.mark.parametrize(
    ("code", "wanted"),
    [("os._exit(0)", None), ("os.kill(os.getpid(), 9)", None), ("while True: pass", Result("it", hung=True))],
)
def test_only_a_test_that_fails_or_hangs_has_found_something(code: str, wanted: Result | None) -> None:
    """A copy that ends in another way, as where the machine has no memory for it, stops the count."""

    def tries(mutant: object, tests: object, pipe: int) -> None:
        os.write(pipe, b"it\n" if wanted else b"")
        signal.setitimer(signal.ITIMER_PROF, 0.01)
        exec(code)

    one = next(mutants(SOURCE.format("a"), "m"))
    if wanted is None:
        with pytest.raises(pytest.UsageError, match="its process ended with"):
            in_a_copy(one, [], tries)
    else:
        assert in_a_copy(one, [], tries) == wanted
