"""Durations as Azure's REST API has them, written and read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml.specs import iso_duration, iso_milliseconds


@given(st.integers(1, 10**9))
def test_a_duration_is_read_back_to_the_millisecond(time: int) -> None:
    assert iso_milliseconds(iso_duration(milliseconds=time)) == time


@pytest.mark.parametrize("text", [None, "five seconds", "5"])
def test_what_is_no_duration_is_none(text: str | None) -> None:
    assert iso_milliseconds(text) is None
