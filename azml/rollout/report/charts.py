"""Charts of a report, as SVG inside the page: no script, and colours from the page's style."""

import math
from collections.abc import Callable, Sequence

from azml.rollout.counts import count
from azml.rollout.report.markup import Markup, joined, tag
from azml.rollout.report.records import Agreed, GateSeen, Point

WIDTH, HEIGHT = 640, 190
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 12, 30
SHORT = 2
"""Minutes below which a chart's time is in seconds."""
Scale = Callable[[float], float]


def differences(seen: GateSeen) -> Markup:
    """The candidate minus stable over the step's minutes, with its interval and the limit."""
    points = seen.points
    low, high = _range(points)
    x, y = _across(points[-1].minute), _upwards(low, high)

    def bounded(value: float) -> float:
        return min(max(value, low), high)

    band = [(x(one.minute), y(bounded(one.interval.high))) for one in points]
    band += [(x(one.minute), y(bounded(one.interval.low))) for one in reversed(points)]
    value = [(x(one.minute), y(bounded(one.value))) for one in points]
    limit = [(x(one.minute), y(bounded(one.limit))) for one in points]
    last = points[-1]
    parts = [
        _ticks(low, high, y),
        tag("polygon", points=_corners(band), class_="band"),
        _level(y(0), "zero"),
        tag("polyline", points=_corners(limit), class_="limit"),
        _ratio_limit(points, x, lambda at: y(bounded(at))),
        tag("polyline", points=_corners(value), class_="value"),
        tag("circle", cx=value[-1][0], cy=value[-1][1], r=3, class_="last"),
        _minutes(points[-1].minute, x),
    ]
    measure = "candidate minus stable" if last.compares else "candidate"
    title = (
        f"{seen.gate.name}: {measure} {percent(last.value)}, between {percent(last.interval.low)} and "
        f"{percent(last.interval.high)}, limit {percent(last.limit)}"
    )
    return _svg(title, HEIGHT, *parts)


def _range(points: Sequence[Point]) -> tuple[float, float]:
    """From the smallest to the largest that matters: early intervals are wide, and would hide the rest."""
    limits = [one.limit for one in points] + [one.ratio_limit for one in points if one.ratio_limit]
    later = [one.value for one in points[len(points) // 4 :]]
    end, largest = points[-1].interval, max(*limits, *later, 1e-4)
    high = max(largest, min(end.high, 4 * largest))
    low = min(0.0, *limits, *later, max(end.low, -high))
    margin = (high - low) * 0.08
    return low - margin, high + margin


def _ratio_limit(points: Sequence[Point], x: Scale, y: Scale) -> str:
    found = [(x(one.minute), y(one.ratio_limit)) for one in points if one.ratio_limit is not None]
    return tag("polyline", points=_corners(found), class_="ratio") if found else ""


def percentiles(seen: GateSeen, limit: float) -> Markup:
    """The values of a percentile, one a minute, with the limit; in seconds."""
    high = max(*seen.values, limit) * 1.1
    longest = len(seen.values) - 1
    x, y = _across(longest), _upwards(0.0, high)
    line = [(x(minute), y(value)) for minute, value in enumerate(seen.values)]
    parts = [
        _ticks(0.0, high, y, lambda value: f"{value:.3g} s"),
        _level(y(limit), "limit"),
        tag("polyline", points=_corners(line), class_="value"),
        *(tag("circle", cx=at, cy=up, r=2.5, class_="last") for at, up in line),
        _minutes(longest, x),
    ]
    return _svg(f"{seen.gate.name}: {count(len(seen.values), 'minute')}, limit {limit:g} s", HEIGHT, *parts)


def agreement(one: Agreed) -> Markup:
    """One bar: what agrees, its lower bound, and what is wanted; from 80 % on where all are above."""
    share = one.found.equal / one.found.compared if one.found.compared else 0.0
    start = 0.8 if min(share, one.low, one.wanted) >= 0.8 else 0.0
    width, height = 200, 16

    def x(value: float) -> float:
        return width * (value - start) / (1 - start)

    title = (
        f"{share:.1%} agree, at least {one.low:.1%}, wanted {one.wanted:.1%}; the bar begins at {start:.0%}"
    )
    parts = [
        tag("rect", x=0, y=4, width=width, height=8, class_="rail"),
        tag("rect", x=x(one.low), y=4, width=max(width - x(one.low), 1), height=8, class_="band"),
        tag("line", x1=x(share), x2=x(share), y1=1, y2=15, class_="value"),
        tag("line", x1=x(one.wanted), x2=x(one.wanted), y1=0, y2=16, class_="limit"),
    ]
    return _svg(title, height, *parts, width=width)


def percent(value: float) -> str:
    """A rate, or a difference of two, in percent."""
    return f"{100 * value:.3g} %"


def _svg(title: str, height: float, *parts: str, width: float = WIDTH) -> Markup:
    box = f"0 0 {width} {height}"
    return tag("svg", tag("title", title), *parts, viewBox=box, width=width, height=height, role="img")


def _level(y: float, kind: str) -> Markup:
    return tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_=kind)


def _across(longest: float) -> Scale:
    return lambda minute: LEFT + (WIDTH - LEFT - RIGHT) * (minute / longest if longest else 0.0)


def _upwards(low: float, high: float) -> Scale:
    return lambda value: TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)


def _corners(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _ticks(low: float, high: float, y: Scale, said: Callable[[float], str] = percent) -> Markup:
    """Lines at about four round values."""
    step = _round_step((high - low) / 4)
    values = [place * step for place in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return joined(
        *(_level(y(one), "grid") for one in values),
        *(
            tag("text", said(one), x=LEFT - 6, y=y(one) + 4, class_="tick", text_anchor="end")
            for one in values
        ),
    )


def _round_step(rough: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, 50, 0.5 and so on that is not less."""
    power: float = 10 ** math.floor(math.log10(rough))
    return next(power * times for times in (1, 2, 5, 10) if power * times >= rough)


def _minutes(longest: float, x: Scale) -> Markup:
    """The time below a chart: in seconds where there would be hardly a whole minute."""
    unit, parts = ("s", 60) if longest < SHORT else ("min", 1)
    step = _round_step(max(longest * parts / 6, 1.0))
    values = [place * step for place in range(int(longest * parts / step) + 1)]
    return joined(
        *(
            tag(
                "text", f"{one:g} {unit}", x=x(one / parts), y=HEIGHT - 8, class_="tick", text_anchor="middle"
            )
            for one in values
        )
    )
