"""A report as one HTML file that needs nothing else: it can be sent, printed, and read in the dark."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from azml.rollout.counts import count
from azml.rollout.durations import minutes
from azml.rollout.gates import AgreementGate, RateGate, ThresholdGate
from azml.rollout.report import charts
from azml.rollout.report.markup import Markup, joined, tag
from azml.rollout.report.records import Change, GateSeen, Report, StepSeen

STYLE = Path(__file__).with_name("report.css")
KINDS = {"file": "Files", "package": "Packages", "setting": "Settings"}
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""The page loads nothing, and runs nothing."""


def page(report: Report) -> str:
    """The whole file."""
    title = f"Rollout {report.number} of {report.endpoint}: {report.phase.said}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("title", title),
        tag("style", Markup(STYLE.read_text(encoding="utf-8"))),
    )
    main = tag("main", _summary(report, title), _changes(report), _evidence(report), _decisions(report))
    return f"<!doctype html>\n{tag('html', head, tag('body', main), lang='en')}\n"


def _summary(report: Report, title: str) -> Markup:
    rows = [
        ("outcome", report.phase.said),
        ("why", report.sentence),
        ("what next", report.advice),
        ("stable", report.stable or "none: a first deployment"),
        ("candidate", f"{report.candidate} ({report.bundle})"),
        ("shares", report.shares.said),
        ("started", _when(report.started)),
        ("last entry", f"{_when(report.ended)}, after {minutes(report.ended - report.started)}"),
    ]
    facts = [joined(tag("dt", name), tag("dd", value)) for name, value in rows]
    return tag("header", tag("h1", title), tag("dl", *facts, class_="facts", **{"data-phase": report.phase}))


def _changes(report: Report) -> Markup:
    if report.changes is None:
        body = tag("p", "The versions could not be compared: one of them is not registered any more.")
    elif not report.changes:
        body = tag("p", "Nothing: both deployments serve the same files with the same settings.")
    else:
        body = joined(*(_changed(report.changes, kind) for kind in KINDS))
    return tag("section", tag("h2", "What changed"), body)


def _changed(changes: Iterable[Change], kind: str) -> Markup:
    found = [one for one in changes if one.kind == kind]
    if not found:
        return Markup()
    rows = [(one.name, one.stable or "–", one.candidate or "–") for one in found]  # noqa: RUF001
    return joined(tag("h3", KINDS[kind]), _table(("", "stable", "candidate"), rows))


def _evidence(report: Report) -> Markup:
    note = tag(
        "p",
        "Bands are 95 % intervals that hold at every look, however often one looks. The dashed line is the "
        "gate's limit, the dotted one the allowed ratio to the stable deployment, both on the same scale. "
        "A gate tests the candidate's own rate: it may pass or fail before the band, which has the stable "
        "deployment's uncertainty too, has left the limit.",
        class_="note",
    )
    steps = [_step(step) for step in report.steps] or [tag("p", "No gate has looked at anything yet.")]
    return tag("section", tag("h2", "Evidence"), note, *steps)


def _step(step: StepSeen) -> Markup:
    title = f"Step {step.step + 1}: {step.kind}, {step.shares.said}"
    return tag("article", tag("h3", title), *(_gate(gate) for gate in step.gates))


def _gate(seen: GateSeen) -> Markup:
    verdict = tag("span", seen.verdict, class_=f"verdict {seen.verdict}")
    failed = [tag("p", f"{count(seen.missing, 'look')} had no data.", class_="note")] if seen.missing else []
    return tag(
        "section",
        tag("h4", seen.gate.name, " ", verdict),
        tag("p", seen.why),
        *failed,
        *_found(seen),
        class_="gate",
    )


def _found(seen: GateSeen) -> Iterable[Markup]:
    match seen.gate:
        case RateGate() as gate:
            yield tag("figure", charts.differences(seen), tag("figcaption", _sample(seen, gate)))
        case ThresholdGate(limit=limit) if seen.values:
            yield tag("figure", charts.percentiles(seen, limit))
        case AgreementGate():
            yield _agreement(seen)
            if seen.mismatches:
                yield _mismatches(seen)


def _sample(seen: GateSeen, gate: RateGate) -> str:
    """The sample sizes, beside the chart."""
    last = seen.points[-1]
    own, other = last.candidate, last.stable
    measured = "candidate minus stable" if last.compares else "the candidate alone"
    return (
        f"{measured}: {charts.percent(last.value)}, {charts.percent(last.interval.low)} to "
        f"{charts.percent(last.interval.high)}; candidate {own.events:,} {gate.events} of {own.requests:,} "
        f"requests, stable {other.events:,} of {other.requests:,}"
    )


def _agreement(seen: GateSeen) -> Markup:
    rows = [
        (
            one.segment or "all",
            one.path,
            f"{one.found.equal:,} of {one.found.compared:,}",
            f"{one.low:.1%}",
            f"{one.wanted:.1%}",
            charts.agreement(one),
        )
        for one in seen.agreed
    ]
    return _table(("segment", "compared", "agree", "at least", "wanted", ""), rows)


def _mismatches(seen: GateSeen) -> Markup:
    rows = [
        (f"line {one.request}", one.segment or "all", one.path, one.stable, one.candidate)
        for one in seen.mismatches
    ]
    head = ("request", "segment", "compared", "stable", "candidate")
    return joined(tag("h5", "Answers that differ, redacted"), _table(head, rows))


def _decisions(report: Report) -> Markup:
    rows = [(_when(one.at), minutes(one.at - report.started), one.what, one.why) for one in report.decisions]
    return tag("section", tag("h2", "Decisions"), _table(("time", "after", "what", "why"), rows, "log"))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]], kind: str = "found") -> Markup:
    top = tag("tr", *(tag("th", one, scope="col") if one else tag("td") for one in head))
    body = [tag("tr", *(tag("td", cell) for cell in row)) for row in rows]
    return tag("div", tag("table", tag("thead", top), tag("tbody", *body), class_=kind), class_="wide")


def _when(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"
