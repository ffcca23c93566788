"""Values keep their meaning on the wire, there and back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml.engine_values import UNKNOWN
from azml.providers.codec import (
    Archive,
    Asset,
    ResourceReference,
    Secret,
    decode,
    encode,
    has_unknown,
    paint,
    strip,
    without_nulls,
)

_HASH = st.none() | st.text("0123456789abcdef", min_size=64, max_size=64)
_ASSETS = st.one_of(
    st.builds(lambda text, digest: Asset(text=text, hash=digest), st.text(), _HASH),
    st.builds(lambda path, digest: Asset(path=path, hash=digest), st.text(min_size=1), _HASH),
    st.builds(lambda uri: Asset(uri=uri), st.text(min_size=1)),
)


def _members() -> st.SearchStrategy[dict[str, Asset | Archive]]:
    return st.dictionaries(st.text(), _ASSETS | _ARCHIVES, max_size=3)


_ARCHIVES: st.SearchStrategy[Archive] = st.deferred(
    lambda: st.one_of(
        st.builds(lambda path, digest: Archive(path=path, hash=digest), st.text(min_size=1), _HASH),
        st.builds(
            lambda assets: Archive(assets=assets), st.dictionaries(st.text(), _ASSETS | _ARCHIVES, max_size=3)
        ),
    )
)
_REFERENCES = st.builds(
    ResourceReference, st.text(min_size=1), st.none() | st.just(UNKNOWN) | st.text(min_size=1), st.none()
)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text()
    | st.just(UNKNOWN)
    | st.floats(allow_nan=False).filter(lambda number: not number.is_integer())
)


def _containers(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (
        st.lists(values, max_size=4)
        | st.dictionaries(st.text(), values, max_size=4)
        | st.builds(Secret, values)
    )


_VALUES = st.recursive(_SCALARS | _ASSETS | _ARCHIVES | _REFERENCES, _containers, max_leaves=12)
_PROPERTIES = st.dictionaries(st.text(), _VALUES, max_size=5)
_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=5),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(max_size=3), values, max_size=4),
    max_leaves=12,
)


@given(_PROPERTIES)
def test_every_value_comes_back_as_it_was(properties: dict[str, Any]) -> None:
    wire = type(encode({})).FromString(encode(properties).SerializeToString())
    assert decode(wire) == properties


@given(st.integers(-(2**53) + 1, 2**53 - 1))
def test_a_whole_number_comes_back_as_an_integer(number: int) -> None:
    """The wire knows doubles only, and JSON bodies must not say `90.0`."""
    assert type(decode(encode({"share": number}))["share"]) is int


@given(_PROPERTIES)
def test_what_is_stripped_holds_no_secret(properties: dict[str, Any]) -> None:
    assert not _has_secret(strip(properties))


def _has_secret(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_has_secret, value.values() if isinstance(value, dict) else value))
    return isinstance(value, Secret)


@given(_PROPERTIES)
def test_stripping_then_painting_with_itself_hides_what_was_hidden(properties: dict[str, Any]) -> None:
    """The engine's own secrets survive a resource that only ever sees plain values."""
    painted = paint(strip(properties), properties)
    assert strip(painted) == strip(properties)
    assert paint(painted, properties) == painted


@given(st.dictionaries(st.text(max_size=3), _PLAIN, max_size=4))
def test_without_secrets_nothing_is_painted(properties: dict[str, Any]) -> None:
    assert paint(properties, properties) == properties


def test_a_secret_paints_the_same_path_only() -> None:
    like = {"properties": {"keys": Secret("x"), "list": [1, Secret(2)]}}
    cloud = {"properties": {"keys": "x", "list": [1, 2, 3], "uri": "u"}, "id": "i"}
    assert paint(cloud, like) == {
        "properties": {"keys": Secret("x"), "list": [1, Secret(2), 3], "uri": "u"},
        "id": "i",
    }


def test_an_output_value_is_read_as_what_it_carries() -> None:
    signature = {"4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4"}
    wire = encode(
        {"a": {**signature, "value": 1, "secret": True}, "b": {**signature, "dependencies": ["urn"]}}
    )
    assert decode(wire) == {"a": Secret(1), "b": UNKNOWN}


def test_a_signature_nobody_knows_is_an_error() -> None:
    with pytest.raises(ValueError, match="does not know: new-kind"):
        decode(encode({"a": {"4dabf18193072939515e22adb298388d": "new-kind"}}))


def test_a_value_without_a_wire_form_is_an_error() -> None:
    with pytest.raises(TypeError, match="set cannot be sent"):
        encode({"a": {1}})


def test_an_unknown_is_found_wherever_it_hides() -> None:
    assert has_unknown({"a": [{"b": Secret(UNKNOWN)}]})
    assert not has_unknown({"a": [{"b": Secret("known")}]})


def test_nulls_are_dropped_at_every_depth() -> None:
    assert without_nulls({"a": None, "b": {"c": None, "d": [{"e": None}]}}) == {"b": {"d": [{}]}}
