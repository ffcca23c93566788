"""Differences by path, as the engine shows them."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from azml.engine_values import UNKNOWN
from azml.providers.calls import Kind
from azml.providers.differences import differences, same, top

_VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=5),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=4), values, max_size=3),
    max_leaves=10,
)
_PROPERTIES = st.dictionaries(st.text(max_size=4), _VALUES, max_size=4)


@given(_PROPERTIES)
def test_nothing_differs_from_itself(properties: dict[str, Any]) -> None:
    assert differences(properties, properties) == {}


@given(_PROPERTIES, _PROPERTIES)
def test_both_directions_agree_on_where(old: dict[str, Any], new: dict[str, Any]) -> None:
    forward, backward = differences(old, new), differences(new, old)
    assert forward.keys() == backward.keys()
    assert (forward == {}) == (old == new)


@given(st.text(min_size=1), _VALUES)
@example("]", [])
@example('"]', [])
def test_the_first_key_of_a_path_is_found_again(key: str, value: Any) -> None:
    (path,) = differences({}, {key: value})
    assert top(path) == key


def test_each_kind_of_difference_has_its_path() -> None:
    old = {"tags": {"a": "1", "azml-serves": "x"}, "list": [1, 2], "gone": 1}
    new = {"tags": {"a": "2", "azml-serves": "y"}, "list": [1, 3, 4], "new": True}
    assert differences(old, new) == {
        "tags.a": Kind.UPDATE,
        'tags["azml-serves"]': Kind.UPDATE,
        "list[1]": Kind.UPDATE,
        "list[2]": Kind.ADD,
        "gone": Kind.DELETE,
        "new": Kind.ADD,
    }


def test_null_is_the_same_as_absent_and_unknown_the_same_as_nothing() -> None:
    assert differences({"a": None}, {}) == {}
    assert not same(UNKNOWN, UNKNOWN)
    assert not same(1, True)
    assert same(1, 1.0)
