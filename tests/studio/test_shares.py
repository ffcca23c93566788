"""The arithmetic of the sliders, in the browser that runs it."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

REBALANCE = """async cases => {
  const { rebalance } = await import("/studio/page/shares.js");
  return cases.map(([shares, name, value, fixed]) => rebalance(shares, name, value, fixed));
}"""


@st.composite
def moves(draw: st.DrawFn) -> tuple[dict[str, int], str, int, list[str]]:
    """Shares of 1 to 6 deployments, 100 or 0 in sum; one that is moved, and some that may not change."""
    count = draw(st.integers(1, 6))
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=count - 1, max_size=count - 1)))
    parts = [right - left for left, right in zip([0, *cuts], [*cuts, 100], strict=True)]
    if draw(st.booleans()):
        parts = [0] * count
    shares = {f"d{place}": part for place, part in enumerate(parts)}
    name = draw(st.sampled_from(sorted(shares)))
    fixed = draw(st.lists(st.sampled_from(sorted(shares)), unique=True))
    return shares, name, draw(st.integers(-10, 110)), [one for one in fixed if one != name]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=st.lists(moves(), min_size=1, max_size=20))
def test_however_a_share_is_moved_the_sum_is_100(page: Page, cases: list[Any]) -> None:
    for (shares, name, value, fixed), found in zip(cases, page.evaluate(REBALANCE, cases), strict=True):
        assert sum(found.values()) == 100
        assert found.keys() == shares.keys()
        assert all(isinstance(share, int) and 0 <= share <= 100 for share in found.values())
        assert all(found[one] == shares[one] for one in fixed)
        free = 100 - sum(shares[one] for one in fixed)
        if len(fixed) + 1 < len(shares):
            assert found[name] == min(max(value, 0), free)


def test_the_others_share_the_rest_as_they_did_before(page: Page) -> None:
    cases = [
        [{"a": 50, "b": 30, "c": 20}, "a", 0, []],
        [{"a": 100, "b": 0, "c": 0}, "a", 40, []],
        [{"a": 34, "b": 33, "c": 33}, "a", 35, []],
        [{"a": 60, "b": 40, "c": 0}, "a", 100, ["b"]],
        [{"a": 0}, "a", 7, []],
    ]
    assert page.evaluate(REBALANCE, cases) == [
        {"a": 0, "b": 60, "c": 40},
        {"a": 40, "b": 30, "c": 30},
        {"a": 35, "b": 33, "c": 32},
        {"a": 60, "b": 40, "c": 0},
        {"a": 100},
    ]
