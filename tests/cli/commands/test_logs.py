"""Following a log that only its end can be asked for."""

from hypothesis import given
from hypothesis import strategies as st

from azml.cli.commands.logs import added


def test_what_was_added_is_what_comes_after_the_overlap() -> None:
    assert added(["a", "b", "c"], ["b", "c", "d"]) == ["d"]


def test_an_unchanged_log_adds_nothing() -> None:
    assert added(["a", "b"], ["a", "b"]) == []


def test_a_log_made_anew_is_new_from_its_first_line() -> None:
    assert added(["a", "b"], ["x"]) == ["x"]


@given(st.lists(st.integers(), unique=True), st.integers(0, 20), st.integers(1, 50))
def test_no_line_is_lost_or_told_twice_while_the_window_keeps_up(
    numbers: list[int], shown: int, window: int
) -> None:
    lines = [str(number) for number in numbers]
    first, now = lines[:shown][-window:], lines[-window:]
    found = first + added(first, now)
    fits = len(lines) - shown <= window - 1 if first else len(lines) <= window
    assert not fits or found == lines[max(0, min(shown, len(lines)) - window) :]
