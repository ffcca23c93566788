"""Answers are compared in the field's own sense."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azml.rollout.gates import Equality, Field
from azml.rollout.judging.answers import Match, compare, counted, keys, select
from azml.rollout.judging.looks import Matches

E, D, A = Match.EQUAL, Match.DIFFERENT, Match.ABSENT
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("path", "equal", "tolerance", "old", "new", "expected"),
    [
        ("$[*]", "exact", 0, [1, 0], [1, 0], E),
        ("$[*]", "exact", 0, [1, 0], [1, 1], D),
        ("$[*]", "exact", 0, [1, 0], [1, 0, 0], D),
        ("$[*]", "exact", 0, [], [1], A),
        ("$.label", "exact", 0, {"label": "a", "id": 1}, {"label": "a", "id": 2}, E),
        ("$.label", "exact", 0, {"label": "a"}, {"error": "a"}, D),
        ("$.label", "exact", 0, {"error": "a"}, {"label": "a"}, A),
        ("$", "exact", 0, [True], [1], D),
        ("$", "exact", 0, {"a": [1, {"b": None}]}, {"a": [1.0, {"b": None}]}, E),
        ("$['a b'][-1].c", "exact", 0, {"a b": [0, {"c": 3}]}, {"a b": [{"c": 3}]}, E),
        ("$.*", "exact", 0, {}, {}, A),
        ("$", "within", 0.1, [1.0, {"p": 2.0}], [1.05, {"p": 1.95}], E),
        ("$", "within", 0.1, [1.0, 2.0], [1.0, 2.2], D),
        ("$", "within", 0.1, [1.0], [1.0, 1.0], D),
        ("$", "within", 0.1, {"a": 1.0}, {"b": 1.0}, D),
        ("$", "within", 0.1, [float("nan")], [float("nan")], D),
        ("$[*]", "within", 0.1, ["a"], ["a"], E),
        ("$.scores", "rank", 0, {"scores": [0.2, 0.7, 0.1]}, {"scores": [0.3, 0.5, 0.2]}, E),
        ("$.scores[*]", "rank", 0, {"scores": [0.2, 0.7, 0.1]}, {"scores": [0.6, 0.5, 0.2]}, D),
        ("$[*]", "rank", 0, [1, 1], [1, 2], D),
        ("$[*]", "rank", 0, [1, "a"], [1, "a"], D),
        ("$[*]", "rank", 0, [1, 2], [1, 2, 3], D),
        ("$[*]", "rank", 0, [1, "a"], [1], D),
        ("$.label", "rank", 0, {"label": 5}, {"label": 6}, E),
        ("$", "exact", 0, ["a"], "a", D),
        ("$", "exact", 0, {"a": True}, {"a": 1}, D),
        ("$", "within", 0.1, ["a"], "a", D),
        ("$", "within", 0.1, {"a": 1.0}, "a", D),
        ("$[*]", "within", 0.1, [1.0], ["a"], D),
        ("$[*]", "within", 0.5, [1.0], [1.5], E),
    ],
)
def test_two_answers(
    path: str, equal: Equality, tolerance: float, old: object, new: object, expected: Match
) -> None:
    assert compare(Field(path, 0.9, equal, tolerance), old, new) is expected


@settings(max_examples=30)  # most of the time goes into making documents
@given(JSON)
def test_an_answer_is_equal_to_itself(document: object) -> None:
    assert compare(Field("$", 0.9), document, document) is E


@pytest.mark.parametrize("path", ["", "label", "$label", "$.", "$[", "$[a]", "$..a", "$[1:2]", "$[?@.a]"])
def test_what_is_no_path(path: str) -> None:
    assert keys(path) is None


def test_a_path_finds_all_in_the_documents_order() -> None:
    assert select({"a": [{"b": 1}, {"b": 2}, {}]}, keys("$.a[*].b") or ()) == [1, 2]
    assert select({"a": {"x": 1, "y": 2}}, keys("$.a[*]") or ()) == [1, 2]
    assert select({"a": 1}, keys("$[0]") or ()) == select([1], keys("$[4]") or ()) == []


def test_comparisons_are_counted() -> None:
    found = Matches(0, 0)
    for match in (E, E, D, A):
        found = counted(found, match)
    assert found == Matches(4, 2, 1)
