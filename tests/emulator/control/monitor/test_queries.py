"""Reading queries and putting minutes together, without a server."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml.emulator.contract.answer_counts import Tally
from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.monitor.definitions import DEFINITIONS, DEPLOYMENT, ENDPOINT, Definition
from azml.emulator.control.monitor.filters import parse_filter
from azml.emulator.control.monitor.query import MetricsQuery, read_query
from azml.emulator.control.monitor.series import Measured, samples, series

SPAN = "1970-01-01T00:00:00Z/1970-01-01T01:00:00Z"
NAMES = st.sampled_from(["blue", "green", "it's"])


def metric(name: str, kind: str = ENDPOINT) -> Definition:
    return next(one for one in DEFINITIONS[kind.lower()] if one.name == name)


def query(**asked: str) -> MetricsQuery:
    return read_query({"timespan": SPAN, **asked})


@given(st.lists(NAMES, min_size=1, max_size=3), NAMES, st.sampled_from(["200", "424", "500"]))
def test_a_filter_means_what_it_says(wanted: list[str], name: str, status: str) -> None:
    either = " or ".join("Deployment eq '{}'".format(one.replace("'", "''")) for one in wanted)
    found = parse_filter(f"({either}) and statusCode ne '500'")
    allowed = found.allows({"deployment": name, "statuscode": status})
    assert allowed == (name in wanted and status != "500")


@pytest.mark.parametrize(
    ("text", "dimensions", "allowed"),
    [
        ("", {}, True),
        ("deployment eq '*'", {"deployment": "x"}, True),
        ("deployment EQ 'BLUE'", {"deployment": "blue"}, True),
        ("statusCodeClass sw '5'", {"statuscodeclass": "5xx"}, True),
        ("statusCodeClass startswith '5'", {"statuscodeclass": "4xx"}, False),
        ("a ne 'x' and a ne 'y'", {"a": "y"}, False),
        ("a ne 'x' and a ne 'y'", {"a": "z"}, True),
    ],
)
def test_filters_of_all_kinds(text: str, dimensions: dict[str, str], allowed: bool) -> None:
    assert parse_filter(text).allows(dimensions) is allowed


@pytest.mark.parametrize(
    "text",
    [
        "deployment",
        "deployment eq blue",
        "deployment eq 'blue' or statusCode eq '200'",
        "deployment eq 'blue' statusCode eq '200'",
        "(deployment eq 'blue'",
        "deployment eq 'blue')",
        "and deployment eq 'blue'",
        "deployment eq 'blue' and",
        "deployment eq 'blue' and or statusCode eq '1'",
        "x" * 9_000,
    ],
)
def test_a_filter_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ArmError) as refused:
        parse_filter(text)
    assert refused.value.status == 400


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_a_clean_refusal(text: str) -> None:
    try:
        parse_filter(text)
    except ArmError as refused:
        assert refused.status == 400


@given(
    st.dictionaries(
        st.sampled_from(["timespan", "interval", "aggregation", "$filter", "top", "orderby", "starttime"]),
        st.text(max_size=30) | st.sampled_from(["PT1M", "P1D", "FULL", SPAN, "1", "Total", "9" * 40]),
    )
)
def test_any_query_is_read_or_refused_cleanly(asked: dict[str, str]) -> None:
    try:
        found = read_query(asked)
    except ArmError as refused:
        assert refused.status == 400
    else:
        assert found.start < found.end


@pytest.mark.parametrize(
    ("asked", "seconds", "start"),
    [
        ({"timespan": "1970-01-01T00:07:10Z/1970-01-01T01:00:00Z", "interval": "PT5M"}, 300, 300),
        ({"timespan": "1970-01-01T00:07:10Z/1970-01-01T01:00:00Z", "interval": "pt60m"}, 3_600, 0),
        ({"timespan": "1970-01-01T00:07:10Z/1970-01-01T01:00:00Z", "interval": "FULL"}, 3_170, 430),
        ({"starttime": "1970-01-01T00:00:00+00:00", "endtime": "1970-01-01T00:02:00 00:00"}, 60, 0),
        ({"endtime": "1970-01-01T02:00:00Z"}, 60, 3_600),
    ],
)
def test_points_begin_where_their_grain_does(asked: dict[str, str], seconds: int, start: int) -> None:
    found = read_query(asked)
    assert (found.grain, found.start) == (seconds, start)


ANSWERS = st.lists(
    st.tuples(
        st.integers(0, 59),
        st.sampled_from(["blue", "green"]),
        st.sampled_from([(200, 200), (424, 500), (429, 0)]),
        st.floats(0.1, 10_000),
    ),
    min_size=1,
    max_size=80,
)


def measured(answers: list[tuple[int, str, tuple[int, int], float]]) -> Measured:
    tallies: dict[tuple[int, str], Tally] = {}
    for minute, deployment, statuses, latency in answers:
        tallies.setdefault((minute * 60, deployment), Tally()).record(*statuses, latency)
    report = [
        {"minute": minute, "deployment": deployment, **tally.summary()}
        for (minute, deployment), tally in tallies.items()
    ]
    return Measured(report, [])


def told(name: str, found: Measured, **asked: str) -> dict[str, list[dict[str, Any]]]:
    definition, wanted = metric(name), query(**asked)
    return {
        "/".join(value["value"] for value in one["metadatavalues"]): one["data"]
        for one in series(definition, samples(definition, found), wanted)
    }


@given(ANSWERS, st.sampled_from(["PT1M", "PT5M", "PT15M", "PT1H", "FULL"]))
def test_no_request_is_lost_or_counted_twice(
    answers: list[tuple[int, str, tuple[int, int], float]], interval: str
) -> None:
    found = measured(answers)
    whole = told("RequestsPerMinute", found, interval=interval, aggregation="Total")
    assert sum(point.get("total", 0) for point in whole[""]) == len(answers)
    apart = told(
        "RequestsPerMinute",
        found,
        interval=interval,
        aggregation="Total",
        filter="deployment eq '*' and statusCode eq '*'",
    )
    expected = Counter(f"{deployment}/{status}" for _, deployment, (status, _), _ in answers)
    assert {key: sum(point.get("total", 0) for point in data) for key, data in apart.items()} == expected


@given(ANSWERS)
def test_the_mean_latency_is_the_mean_of_all_requests(
    answers: list[tuple[int, str, tuple[int, int], float]],
) -> None:
    (data,) = told("RequestLatency", measured(answers), interval="FULL", aggregation="Average,Count").values()
    times = [latency for *_, latency in answers]
    assert data[0]["count"] == len(answers)
    assert data[0]["average"] == pytest.approx(sum(times) / len(times))


def test_a_percentile_over_many_minutes_is_the_mean_of_the_minutes() -> None:
    """As on Azure, where it is no percentile of all requests."""
    found = measured([(0, "blue", (200, 200), 10.0)] + [(1, "blue", (200, 200), 30.0)] * 99)
    (data,) = told("RequestLatency_P95", found, interval="PT5M").values()
    assert data[0]["average"] == pytest.approx(20.0, rel=0.011)


def test_minutes_without_a_request_have_no_value() -> None:
    (data,) = told("RequestsPerMinute", measured([(3, "blue", (200, 200), 1.0)])).values()
    assert len(data) == 60
    assert [point for point in data if len(point) > 1] == [
        {"timeStamp": "1970-01-01T00:03:00Z", "average": 1.0}
    ]


def test_series_are_rolled_up_ordered_and_cut() -> None:
    answers = [(0, name, (200, 200), 1.0) for name in ("blue", "green", "green")]
    found = measured(answers)
    asked = {"filter": "deployment eq '*'", "aggregation": "Total", "orderby": "total desc"}
    assert list(told("RequestsPerMinute", found, **asked)) == ["green", "blue"]
    assert list(told("RequestsPerMinute", found, **{**asked, "orderby": "sum asc"})) == ["blue", "green"]
    assert list(told("RequestsPerMinute", found, **asked, top="1")) == ["green"]
    assert list(told("RequestsPerMinute", found, **asked, rollupby="deployment")) == [""]


def test_capacity_adds_up_states_and_averages_samples() -> None:
    spread = {"count": 4, "total": 8.0, "least": 1.0, "most": 3.0}
    none = {"count": 4, "total": 4.0, "least": 0.0, "most": 1.0}
    usage = [{"minute": 0, "cpu": {}, "memory": {}, "capacity": {"Ready": spread, "NotReady": none}}]
    definition = metric("DeploymentCapacity", DEPLOYMENT)
    found = list(samples(definition, Measured([], usage)))
    (one,) = series(definition, found, query(aggregation="Average,Maximum", interval="PT1H"))
    assert one["data"] == [{"timeStamp": "1970-01-01T00:00:00Z", "average": 3.0, "maximum": 4.0}]
    (ready,) = series(definition, found, query(interval="PT1H", filter="State eq 'Ready'"))
    assert ready["data"][0]["average"] == 2.0
