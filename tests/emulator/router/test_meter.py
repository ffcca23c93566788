import json

from hypothesis import given
from hypothesis import strategies as st

from azml.emulator.contract.answer_counts import Tally, tally_from_json
from azml.emulator.router.meter import Meter

LATENCIES = st.lists(st.floats(0.02, 200_000), min_size=1, max_size=300)


def tally_of(latencies: list[float]) -> Tally:
    tally = Tally()
    for latency in latencies:
        tally.record(200, 200, latency)
    return tally


@given(LATENCIES)
def test_percentiles_are_right_to_one_percent(latencies: list[float]) -> None:
    latency = tally_of(latencies).summary()["latency"]
    ordered = sorted(latencies)
    for percentile in (50, 90, 95, 99):
        exact = ordered[-(-len(ordered) * percentile // 100) - 1]
        assert abs(latency[f"p{percentile}"] - exact) <= exact * 0.0105
    assert (latency["least"], latency["most"]) == (ordered[0], ordered[-1])


@given(LATENCIES, LATENCIES)
def test_parts_of_a_minute_add_up_to_the_whole(first: list[float], second: list[float]) -> None:
    """And a tally is the same after a way as JSON."""
    parts = tally_from_json(json.loads(json.dumps(tally_of(first).to_json())))
    parts.add(tally_of(second))
    whole = tally_of(first + second)
    assert parts.classes == whole.classes
    assert parts.statuses == whole.statuses
    assert abs(parts.total_ms - whole.total_ms) < 1e-6 * whole.total_ms
    assert (parts.least_ms, parts.most_ms) == (whole.least_ms, whole.most_ms)


def test_minutes_and_deployments_are_apart_and_told_once() -> None:
    meter = Meter()
    for now, deployment in ((59, "blue"), (60, "blue"), (60, "green")):
        meter.record(now, "/e", deployment, 200, 200, 1)
    assert [(one.minute, one.deployment) for one in meter.take()] == [
        (0, "blue"),
        (60, "blue"),
        (60, "green"),
    ]
    assert meter.take() == []
