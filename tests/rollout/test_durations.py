"""Durations are said in the unit that a person would take."""

import pytest

from azml.rollout.durations import minutes


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (59.0, "59 s"),
        (60.0, "1 min"),
        (90.0, "2 min"),
        (7199.0, "120 min"),
        (7200.0, "2.0 h"),
        (9000.0, "2.5 h"),
    ],
)
def test_a_duration_in_words(seconds: float, said: str) -> None:
    assert minutes(seconds) == said
