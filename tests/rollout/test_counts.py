"""Numbers of things are said as people say them."""

from azml.rollout.counts import count, times


def test_one_is_not_many() -> None:
    assert [count(number, "request") for number in (0, 1, 2)] == ["0 requests", "1 request", "2 requests"]
    assert [times(number) for number in (1, 2, 3)] == ["once", "twice", "3 times"]
