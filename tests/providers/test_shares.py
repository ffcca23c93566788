"""The rules of traffic, judged before anything is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml.engine_values import UNKNOWN, Value
from azml.providers.azml.shares import findings, without_zeros

_SLOTS = ["blue", "green", "red"]


def _reasons(traffic: Value, mirror: Value = None, deployments: Value = None) -> list[str]:
    return [failure.reason for failure in findings(traffic, mirror, deployments or _SLOTS)]


@given(st.integers(0, 100))
def test_any_split_of_a_hundred_is_sound(share: int) -> None:
    assert _reasons({"blue": share, "green": 100 - share}) == []


@given(st.integers(0, 100), st.integers(0, 100))
def test_any_other_sum_is_refused_with_its_parts(blue: int, green: int) -> None:
    reasons = _reasons({"blue": blue, "green": green})
    assert bool(reasons) == (blue + green not in (0, 100))
    if reasons:
        assert f"blue {blue} + green {green} adds up to {blue + green}: " in reasons[0]


@pytest.mark.parametrize(
    ("traffic", "mirror", "reason"),
    [
        ({"bleu": 100}, None, "there is no deployment 'bleu': did you mean 'blue'?"),
        ({"blue": 100}, {"yellow": 10}, "there is no deployment 'yellow'"),
        ({"blue": 99.5, "green": 0.5}, None, "whole number of percent, not 99.5"),
        ({"blue": True, "green": 99}, None, "whole number of percent, not True"),
        ({"blue": "100"}, None, "whole number of percent, not '100'"),
        ({"blue": 150, "green": -50}, None, "blue is 150: a share is between 0 and 100 percent"),
        ({"blue": 100}, {"green": 51}, "green is 51: at most 50 percent can be mirrored"),
        ({"blue": 100}, {"green": 10, "red": 10}, "only one deployment can be mirrored to"),
        ({"blue": 100}, {"blue": 10}, "blue has 100 % of the live traffic: a deployment that answers live"),
        ({"blue": 50, "BLUE": 50}, None, "'blue' appears twice"),
        ({"1st": 100}, None, "is not a deployment name"),
        ({"a--b": 100}, None, "is not a deployment name"),
        ([100], None, "traffic must map deployment names to percent"),
    ],
)
def test_each_rule_is_named(traffic: Value, mirror: Value, reason: str) -> None:
    assert any(reason in found for found in _reasons(traffic, mirror))


def test_what_is_not_known_yet_is_not_judged() -> None:
    assert _reasons({"blue": UNKNOWN, "green": 10}) == []
    assert _reasons(UNKNOWN, UNKNOWN, [UNKNOWN]) == []


def test_several_faults_are_told_at_once() -> None:
    assert len(_reasons({"bleu": 90, "green": 20}, {"green": 60})) == 4


def test_a_share_of_zero_is_no_share() -> None:
    assert without_zeros({"blue": 100, "green": 0}) == {"blue": 100}
