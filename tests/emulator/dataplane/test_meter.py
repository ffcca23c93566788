from hypothesis import given
from hypothesis import strategies as st

from azml.emulator.dataplane.meter import KEPT_MINUTES, Meter


@given(st.lists(st.floats(0.02, 200_000), min_size=1, max_size=300))
def test_percentiles_are_right_to_one_percent(latencies: list[float]) -> None:
    meter = Meter()
    for latency in latencies:
        meter.record(0, "/e", "blue", 200, 200, latency)
    told = meter.report()[0]["latency"]
    ordered = sorted(latencies)
    for percentile in (50, 90, 95, 99):
        exact = ordered[-(-len(ordered) * percentile // 100) - 1]
        assert abs(told[f"p{percentile}"] - exact) <= exact * 0.0105


def test_minutes_are_apart_and_old_ones_go() -> None:
    meter = Meter()
    for minute in range(KEPT_MINUTES + 10):
        meter.record(minute * 60 + 59, "/e", "blue", 200, 200, 1)
    report = meter.report()
    assert len(report) == KEPT_MINUTES
    assert [entry["minute"] for entry in report[:2]] == [600, 660]
    assert len(meter.report(since=report[-3]["minute"])) == 3
