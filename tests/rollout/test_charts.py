"""What the charts of a report draw, and where: the plot is between 62 and 626 across, 12 and 160 down."""

from typing import Any
from xml.etree import ElementTree

import pytest

from azml.rollout.gates import RateGate, ThresholdGate
from azml.rollout.judging.looks import Matches
from azml.rollout.report import charts
from azml.rollout.report.records import Agreed, GateSeen, Point
from azml.rollout.statistics.comparison import Seen
from azml.rollout.statistics.sequences import Interval

ERRORS = RateGate("errors", 0.01, max_ratio=1.5)
P95 = ThresholdGate("p95", "latency_p95", 0.25)
LEFT, RIGHT, TOP, BOTTOM = 62, 626, 12, 160
MARGIN = 0.08


class Drawn:
    """The elements of a chart, by their classes."""

    def __init__(self, svg: str) -> None:
        self.svg = ElementTree.fromstring(svg)
        self.title = self.svg.findtext("title")

    def all(self, kind: str) -> list[dict[str, float | str]]:
        """The attributes of all of a class, numbers as such."""
        found = [one.attrib for one in self.svg if one.get("class") == kind]
        return [{key: _number(value) for key, value in one.items() if key != "class"} for one in found]

    def corners(self, kind: str) -> list[tuple[float, float]]:
        """Of the only polygon or polyline of a class."""
        (points,) = [text for one in self.svg if one.get("class") == kind and (text := one.get("points"))]
        return [(float(x), float(y)) for x, y in (one.split(",") for one in points.split())]

    def labels(self, anchor: str) -> list[tuple[str, float, float]]:
        """The texts beside (`end`) or below (`middle`) the plot, each with its place."""
        found = [one for one in self.svg if one.get("text-anchor") == anchor]
        return [(one.text or "", float(one.attrib["x"]), float(one.attrib["y"])) for one in found]


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def near(value: float, within: float = 0.001) -> Any:
    """A number that is written with few digits."""
    return pytest.approx(value, abs=within)


def level(y: float) -> dict[str, Any]:
    """A line across the whole plot."""
    return {"x1": LEFT, "x2": RIGHT, "y1": near(y), "y2": near(y)}


def point(minute: float, value: float, low: float, high: float, *, ratio: float | None = None) -> Point:
    return Point(minute, Seen(100, 1), Seen(900, 9), value, Interval(low, high), 0.01, ratio)


def differences(*points: Point) -> Drawn:
    return Drawn(charts.differences(GateSeen(ERRORS, "pass", "", points=points)))


def percentiles(*values: float, limit: float = 0.25) -> Drawn:
    return Drawn(charts.percentiles(GateSeen(P95, "pass", "", values=values), limit))


def test_differences_are_drawn_with_their_band_and_both_limits() -> None:
    """From -2.4 % to 3.4 %: what is further out ends at the plot's edge."""
    drawn = differences(
        point(0.0, 0.5, -0.9, 0.9),
        point(5.0, 0.02, -0.016, 0.026, ratio=0.005),
        point(10.0, 0.015, -0.012, 0.018, ratio=0.008),
        point(20.0, 0.005, -0.02, 0.03, ratio=0.006),
    )
    up = {value: near(TOP + 148 * (0.034 - value / 1000) / 0.058, 0.06) for value in range(-24, 31)}
    across = (LEFT, LEFT + 141, LEFT + 282, RIGHT)
    later = across[1:]
    assert drawn.corners("value") == list(zip(across, (TOP, up[20], up[15], up[5]), strict=True))
    assert drawn.corners("limit") == [(x, up[10]) for x in across]
    assert drawn.corners("ratio") == list(zip(later, (up[5], up[8], up[6]), strict=True))
    assert drawn.corners("band") == [
        *zip(across, (TOP, up[26], up[18], up[30]), strict=True),
        *zip(across[::-1], (up[-20], up[-12], up[-16], BOTTOM), strict=True),
    ]
    assert drawn.all("last") == [{"cx": RIGHT, "cy": up[5], "r": 3}]
    assert drawn.all("zero") == [level(TOP + 148 * 34 / 58)]
    assert [text for text, _, _ in drawn.labels("middle")] == ["0 min", "5 min", "10 min", "15 min", "20 min"]


def test_the_lines_behind_a_chart_are_at_round_values_with_a_label_beside_each() -> None:
    drawn = differences(point(1.0, 0.005, -0.02, 0.03))
    places = [TOP + 148 * (34 - value) / 58 for value in (-20, 0, 20)]
    assert drawn.all("grid") == [level(place) for place in places]
    labels = zip(("-2 %", "0 %", "2 %"), places, strict=True)
    assert drawn.labels("end") == [(said, 56, near(place + 4)) for said, place in labels]


def test_without_a_ratio_there_is_no_line_of_it() -> None:
    assert differences(point(1.0, 0.005, -0.02, 0.03)).all("ratio") == []


def test_a_charts_title_says_its_numbers_and_whether_they_compare() -> None:
    found = point(1.0, 0.005, -0.02, 0.03)
    numbers = "0.5 %, between -2 % and 3 %, limit 1 %"
    assert differences(found).title == f"errors: candidate minus stable {numbers}"
    alone = Point(1.0, found.candidate, Seen(), found.value, found.interval, found.limit)
    assert differences(found, alone).title == f"errors: candidate {numbers}"


EARLY = [point(minute, 0.5, -0.9, 0.9) for minute in (1.0, 2.0)]


@pytest.mark.parametrize(
    ("points", "low", "high"),
    [
        ([point(1.0, 0.001, -0.001, 0.002)], -0.001, 0.01),
        ([point(1.0, 0.001, -0.001, 0.02)], -0.001, 0.02),
        ([point(1.0, 0.001, -0.5, 0.5)], -0.04, 0.04),
        ([point(1.0, 0.001, 0.0005, 0.002)], 0.0, 0.01),
        ([point(1.0, 0.001, -0.001, 0.002, ratio=0.02)], -0.001, 0.02),
        ([*EARLY, *[point(minute, 0.001, -0.001, 0.002) for minute in range(3, 9)]], -0.001, 0.01),
        ([*EARLY, *[point(minute, 0.001, -0.001, 0.002) for minute in range(3, 7)]], -0.001, 0.5),
        ([point(1.0, -0.03, -0.001, 0.002)], -0.03, 0.01),
        ([Point(1.0, Seen(9, 0), Seen(9, 0), 1e-5, Interval(0.0, 1.0), 1e-5)], 0.0, 4e-4),
    ],
    ids=["limit", "interval", "wide", "above", "ratio", "first quarter", "later", "below", "little"],
)
def test_a_chart_goes_as_far_as_matters(points: list[Point], low: float, high: float) -> None:
    """An interval beyond four times the rest, and values of the first quarter, would hide everything else."""
    drawn = differences(*points)
    (zero,), (last,) = drawn.all("zero"), drawn.all("last")
    at_zero, at_last = float(zero["y1"]), float(last["cy"])
    pixel = points[-1].value / (at_zero - at_last)
    margin = MARGIN * (high - low)
    assert (at_zero - TOP) * pixel == pytest.approx(high + margin, rel=0.01)
    assert (at_zero - BOTTOM) * pixel == pytest.approx(low - margin, rel=0.01)


def test_a_percentiles_values_are_drawn_one_a_minute_with_the_limit() -> None:
    """From 0 to a tenth above the largest, 0.33 s."""
    drawn = percentiles(0.1, 0.3, 0.2)
    up = {tenths: near(TOP + 148 * (3.3 - tenths) / 3.3, 0.06) for tenths in (0, 1, 2, 3)}
    places = [(LEFT, up[1]), (LEFT + 282, up[3]), (RIGHT, up[2])]
    assert drawn.corners("value") == places
    assert drawn.all("last") == [{"cx": x, "cy": y, "r": 2.5} for x, y in places]
    assert drawn.all("limit") == [level(TOP + 148 * 0.08 / 0.33)]
    assert [text for text, _, _ in drawn.labels("end")] == ["0 s", "0.1 s", "0.2 s", "0.3 s"]
    assert [float(one["y1"]) for one in drawn.all("grid")] == [up[0], up[1], up[2], up[3]]
    assert drawn.title == "p95: 3 minutes, limit 0.25 s"
    assert [text for text, _, _ in drawn.labels("middle")] == ["0 min", "1 min", "2 min"]


def test_one_value_and_a_limit_far_above_are_on_the_chart() -> None:
    drawn = percentiles(0.1, limit=0.2)
    assert drawn.all("last") == [{"cx": LEFT, "cy": near(TOP + 148 * 12 / 22), "r": 2.5}]
    assert drawn.labels("middle") == [("0 s", LEFT, 182)]
    assert [text for text, _, _ in drawn.labels("end")] == ["0 s", "0.1 s", "0.2 s"]


@pytest.mark.parametrize(
    ("longest", "unit", "marks"),
    [
        (0.0, "s", [0]),
        (1.0, "s", [0, 10, 20, 30, 40, 50, 60]),
        (1.5, "s", [0, 20, 40, 60, 80]),
        (2.0, "min", [0, 1, 2]),
        (6.0, "min", [0, 1, 2, 3, 4, 5, 6]),
        (12.0, "min", [0, 2, 4, 6, 8, 10, 12]),
        (13.0, "min", [0, 5, 10]),
        (30.0, "min", [0, 5, 10, 15, 20, 25, 30]),
        (36.0, "min", [0, 10, 20, 30]),
        (60.0, "min", [0, 10, 20, 30, 40, 50, 60]),
    ],
)
def test_the_time_below_a_chart_has_at_most_seven_round_marks(
    longest: float, unit: str, marks: list[int]
) -> None:
    drawn = differences(point(0.0, 0.0, -0.02, 0.03), point(longest, 0.005, -0.02, 0.03))
    whole = longest * (60 if unit == "s" else 1) or 1
    assert drawn.labels("middle") == [
        (f"{mark} {unit}", near(LEFT + 564 * mark / whole), 182) for mark in marks
    ]


def bar(compared: int, equal: int, low: float, wanted: float) -> Drawn:
    return Drawn(charts.agreement(Agreed("", "$", Matches(compared, equal), low, wanted)))


def test_the_bar_of_an_agreement_has_marks_in_front_of_a_rail() -> None:
    """The wanted share crosses the whole bar of 200 by 16; the found one does nearly."""
    drawn = bar(1000, 950, 0.9, 0.98)
    assert drawn.svg.get("viewBox") == "0 0 200 16"
    assert (drawn.svg.get("width"), drawn.svg.get("height")) == ("200", "16")
    assert drawn.all("rail") == [{"x": 0, "y": 4, "width": 200, "height": 8}]
    assert drawn.all("band") == [{"x": 100, "y": 4, "width": 100, "height": 8}]
    assert drawn.all("value") == [{"x1": 150, "x2": 150, "y1": 1, "y2": 15}]
    assert drawn.all("limit") == [{"x1": 180, "x2": 180, "y1": 0, "y2": 16}]
    assert drawn.title == "95.0% agree, at least 90.0%, wanted 98.0%; the bar begins at 80%"


@pytest.mark.parametrize(
    ("one", "begins", "band", "value", "limit"),
    [
        ((100, 90, 0.8, 0.9), "80%", (0, 200), 100, 100),
        ((100, 90, 0.79, 0.9), "0%", (158, 42), 180, 180),
        ((100, 90, 0.9, 0.75), "0%", (180, 20), 180, 150),
        ((4, 1, 0.25, 0.9), "0%", (50, 150), 50, 180),
        ((0, 0, 0.0, 0.9), "0%", (0, 200), 0, 180),
        ((100, 100, 0.9999, 0.9), "80%", (199.9, 1), 200, 100),
    ],
)
def test_a_bar_begins_at_80_percent_where_all_of_it_is_above(
    one: tuple[int, int, float, float], begins: str, band: tuple[float, float], value: float, limit: float
) -> None:
    drawn = bar(*one)
    assert drawn.title is not None and drawn.title.endswith(f"the bar begins at {begins}")
    (found,), (share,), (wanted,) = drawn.all("band"), drawn.all("value"), drawn.all("limit")
    assert (found["x"], found["width"]) == pytest.approx(band, abs=0.001)
    assert (share["x1"], wanted["x1"]) == pytest.approx((value, limit), abs=0.001)
