"""Requests of a metric are handed out once, whenever Azure Monitor comes to show them."""

from azml.cli.rollouts.sources.counts import Ledger, counted, opened_at
from azml.cli.rollouts.sources.metrics import Point, points
from azml.rollout.statistics.comparison import Seen


def point(minute: int, deployment: str, status: str, value: float) -> Point:
    return Point(minute, deployment, status, value)


def test_statuses_count_by_code_and_by_class() -> None:
    found = counted(
        [point(60, "green", status, 10) for status in ("200", "424", "503", "404")], ("424", "5xx")
    )
    assert found == {(60, "green"): Seen(40, 20)}


def test_what_comes_late_or_grows_is_handed_out_once() -> None:
    ledger = Ledger(opened_at(125))
    assert ledger.opened == 120
    ledger.begin({(60, "green"): Seen(90, 9), (120, "green"): Seen(10, 1)})
    assert ledger.news({(60, "green"): Seen(99, 9), (120, "green"): Seen(10, 1)}) == {"green": Seen(0, 0)}
    assert ledger.news({(120, "green"): Seen(14, 2), (180, "green"): Seen(5, 0)}) == {"green": Seen(9, 1)}
    assert ledger.news({(120, "green"): Seen(14, 2), (180, "green"): Seen(8, 3)}) == {"green": Seen(3, 3)}
    assert ledger.news({(120, "green"): Seen(13, 2), (180, "green"): Seen(8, 3)}) == {"green": Seen(0, 0)}


def test_a_minute_without_a_value_is_not_there_and_names_have_no_case() -> None:
    names = [("Deployment", "Green"), ("statusCode", "200")]
    series = {
        "metadatavalues": [{"name": {"value": name}, "value": value} for name, value in names],
        "data": [
            {"timeStamp": "2026-01-01T10:00:00Z", "total": 7.0},
            {"timeStamp": "2026-01-01T10:01:00Z"},
        ],
    }
    (only,) = points({"value": [{"timeseries": [series]}]}, "total")
    assert only == Point(1767261600, "green", "200", 7.0)
