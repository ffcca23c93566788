"""A report for machines."""

from typing import Any

from azml.rollout.journals.journal import Shares
from azml.rollout.report.records import Agreed, GateSeen, Point, Report, StepSeen
from azml.rollout.statistics.comparison import Seen


def document(report: Report) -> dict[str, Any]:
    """The report as JSON. Times are in seconds (`at` of the journal's clock), rates between 0 and 1."""
    return {
        "endpoint": report.endpoint,
        "rollout": report.number,
        "stable": report.stable,
        "candidate": report.candidate,
        "bundle": report.bundle,
        "phase": report.phase,
        "sentence": report.sentence,
        "advice": report.advice,
        "started": report.started,
        "ended": report.ended,
        "shares": _shares(report.shares),
        "changes": None
        if report.changes is None
        else [
            {"kind": one.kind, "name": one.name, "stable": one.stable, "candidate": one.candidate}
            for one in report.changes
        ],
        "steps": [_step(step) for step in report.steps],
        "decisions": [{"at": one.at, "what": one.what, "why": one.why} for one in report.decisions],
    }


def _shares(shares: Shares) -> dict[str, int]:
    return {"stable": shares.stable, "candidate": shares.candidate, "mirror": shares.mirror}


def _step(step: StepSeen) -> dict[str, Any]:
    return {
        "step": step.step + 1,
        "kind": step.kind,
        "at": step.at,
        "shares": _shares(step.shares),
        "gates": [_gate(gate) for gate in step.gates],
    }


def _gate(seen: GateSeen) -> dict[str, Any]:
    """A gate with what it has found: only what a gate of its kind finds."""
    found: dict[str, Any] = {"gate": seen.gate.name, "verdict": seen.verdict, "why": seen.why}
    if seen.missing:
        found["failed_looks"] = seen.missing
    if seen.points:
        found["points"] = [_point(point) for point in seen.points]
    if seen.values:
        found["values"] = list(seen.values)
    if seen.agreed:
        found["agreement"] = [_agreed(one) for one in seen.agreed]
    if seen.mismatches:
        found["mismatches"] = [vars(one) for one in seen.mismatches]
    if seen.answers:
        found["answers"] = [vars(one) for one in seen.answers]
    return found


def _point(point: Point) -> dict[str, Any]:
    return {
        "minute": point.minute,
        "compares": point.compares,
        "value": point.value,
        "low": point.interval.low,
        "high": point.interval.high,
        "limit": point.limit,
        "ratio_limit": point.ratio_limit,
        "candidate": _seen(point.candidate),
        "stable": _seen(point.stable),
    }


def _seen(seen: Seen) -> dict[str, int]:
    return {"requests": seen.requests, "events": seen.events}


def _agreed(one: Agreed) -> dict[str, Any]:
    return {
        "segment": one.segment or None,
        "path": one.path,
        "compared": one.found.compared,
        "equal": one.found.equal,
        "absent": one.found.absent,
        "low": one.low,
        "wanted": one.wanted,
    }
