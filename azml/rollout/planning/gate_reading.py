"""Gates as a plan writes them, read into records; one that could never pass or never fail is a finding."""

import ast
import re
from pathlib import Path
from typing import cast

from azml.findings import did_you_mean
from azml.rollout.gates import (
    ALPHA,
    ALPHA_PASS,
    COLLECTED,
    CONFIDENCE,
    ERROR_CODES,
    AgreementGate,
    Evidence,
    Field,
    Gate,
    RateGate,
    SmokeGate,
    ThresholdGate,
)
from azml.rollout.judging import answers
from azml.rollout.planning.tables import PlanTable
from azml.rollout.statistics import intervals

CODE = re.compile(r"[45]xx|[45]\d\d")
METRICS = ("error_rate", "latency_p50", "latency_p90", "latency_p95", "latency_p99")
"""What `metric:` may name: Azure Monitor's RequestsPerMinute by status, and RequestLatency by percentile."""
FUNCTION = re.compile(r"(?P<file>[^:]+\.py):(?P<name>[A-Za-z_]\w*)")
KINDS = "metric:, slower_than:, compare:, or requests: with expect:"


def read_gate(name: str, own: PlanTable, folder: Path, evidence: Evidence) -> Gate | None:
    """One gate, None where it cannot be used; `folder` is the one its requests lie in."""
    written = own.node.value
    if "compare" in written:
        return _agreement(name, own, folder)
    if "slower_than" in written:
        return _rate(name, own, evidence, own.time("slower_than"))
    if "metric" in written:
        return _metric(name, own, evidence)
    if "requests" in written:
        return _smoke(name, own, folder)
    own.findings.append(own.node.wrong("checks nothing, so it could never fail", f"give it {KINDS}"))
    return None


def _metric(name: str, own: PlanTable, evidence: Evidence) -> Gate | None:
    metric = own.text("metric")
    if metric is None:
        return None
    if metric not in METRICS:
        own.fault("metric", f"{metric!r} is not a metric: it could never fail", did_you_mean(metric, METRICS))
        return None
    if metric == "error_rate":
        return _rate(name, own, evidence, None)
    limit = own.time("max", required=True)
    own.finish()
    return ThresholdGate(name, metric, limit)


def _rate(name: str, own: PlanTable, evidence: Evidence, slower_than: float | None) -> Gate:
    limit = own.between("max", 0, 1) or 0.5
    alpha = own.between("alpha", 0, 0.5, ALPHA) or ALPHA
    alpha_pass = own.between("alpha_pass", 0, 0.5, ALPHA_PASS) or ALPHA_PASS
    against = own.inner("against_stable")
    ratio = None
    if against is not None:
        ratio = against.number("max_ratio", 1, 100)
        against.get("max_ratio", required=True)
        against.finish()
    codes = ERROR_CODES if slower_than is not None else _codes(own)
    chosen = cast(Evidence, own.pick("evidence", ("strict", "fixed"), evidence))
    own.finish()
    return RateGate(name, limit, alpha, alpha_pass, ratio, codes, slower_than, chosen)


def _codes(own: PlanTable) -> tuple[str, ...]:
    found = []
    for node in own.nodes("count"):
        text = str(node.value)
        if CODE.fullmatch(text):
            found.append(text)
        else:
            own.findings.append(node.wrong(f"{text!r} counts no error", "write statuses as 408, 429, 5xx"))
    if "count" in own.node.value and not own.node.value["count"].value:
        own.fault("count", "counts no status, so it could never fail", "write statuses as 408, 429, 5xx")
    return tuple(found) or ERROR_CODES


def _agreement(name: str, own: PlanTable, folder: Path) -> Gate:
    collected = own.node.value.get("requests")
    is_collected = collected is not None and collected.value == COLLECTED
    requests = (own.text("requests") or "") if is_collected else _requests(own, folder)
    sample = own.integer("sample", 1, 100_000) or 500
    if not is_collected:
        _enough(own, folder, requests, sample)
    keep = own.integer("keep_mismatches", 0, 1000) or 0
    segment = own.text("segment")
    if segment is not None:
        _path(own, "segment", segment)
    redact = tuple(str(node.value) for node in own.nodes("redact"))
    for path in redact:
        _path(own, "redact", path)
    by_field = own.text("compare") == "replay"
    fields = _fields(own, sample) if by_field else _by_function(own, folder, sample)
    example = None if by_field else own.text("example")
    if example is not None and not _is_below(example, folder):
        own.fault("example", f"there is no file {example!r} below {folder}", "put an answer there, as JSON")
    own.finish()
    return AgreementGate(name, requests, sample, fields, keep, segment, redact, example)


def _fields(own: PlanTable, sample: int) -> tuple[Field, ...]:
    tables = [PlanTable.of(node, own.findings) for node in own.nodes("fields", required=True)]
    if "fields" in own.node.value and own.node.value["fields"].value == []:
        own.fault(
            "fields", "compares nothing, so it could never fail", 'write [{path: "$[*]", at_least: 0.98}]'
        )
    return tuple(field for table in tables if table and (field := _field(table, sample)))


def _by_function(own: PlanTable, folder: Path, sample: int) -> tuple[Field, ...]:
    """Whole answers, compared by a function of the endpoint's own; it is read here, and not run."""
    written = own.text("compare") or ""
    found = FUNCTION.fullmatch(written)
    at_least = _at_least(own, sample)
    if found is None:
        own.fault("compare", f"{written!r} compares nothing", "write replay, or a function as check.py:same")
        return ()
    path = Path(found["file"])
    if path.is_absolute() or ".." in path.parts or not within(folder, path):
        own.fault("compare", f"{found['file']!r} leads out of {folder}", "name a file below it")
    elif folder.is_dir() and found["name"] not in functions(folder / path):
        own.fault(
            "compare",
            f"{folder / path} has no function {found['name']!r}",
            f"write there: def {found['name']}(request, stable, candidate): return stable == candidate",
        )
    return (Field(written, at_least, "function"),) if at_least else ()


def _enough(own: PlanTable, folder: Path, pattern: str, sample: int) -> None:
    """A request that is answered again shows nothing new: there have to be as many as the sample."""
    own_files = pattern and ".." not in Path(pattern).parts and not Path(pattern).is_absolute()
    files = [path for path in folder.glob(pattern) if path.is_file()] if own_files else []
    there = sum(_requests_in(path) for path in files)
    if files and there < sample:
        own.fault(
            "sample" if "sample" in own.node.value else "requests",
            f"{pattern} has {there} requests and the sample is {sample}: it would never be complete",
            f"add requests, or write sample: {there} with an at_least: that so many can show",
        )


def _requests_in(path: Path) -> int:
    """A document, or with `.jsonl` one a line."""
    if path.suffix != ".jsonl":
        return 1
    with path.open("rb") as lines:
        return sum(1 for line in lines if line.strip())


def _is_below(file: str, folder: Path) -> bool:
    path = Path(file)
    inside = not path.is_absolute() and ".." not in path.parts and within(folder, path)
    return inside and ((folder / path).is_file() or not folder.is_dir())


def within(folder: Path, path: Path) -> bool:
    """Whether a path below the folder stays there, links followed."""
    return (folder / path).resolve().is_relative_to(folder.resolve())


def functions(file: Path) -> set[str]:
    """The functions that a Python file defines; none where it cannot be read. Nothing of it is run."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return set()
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def _path(own: PlanTable, key: str, path: str) -> None:
    if answers.keys(path) is None:
        own.fault(key, f"{path!r} is not a path", "write $ with .name, ['name'], [0] and [*]")


def _field(own: PlanTable, sample: int) -> Field | None:
    path = own.text("path", required=True)
    if path is not None:
        _path(own, "path", path)
    equal = own.pick("equal", ("exact", "within", "rank"), "exact")
    at_least = _at_least(own, sample)
    tolerance = own.number("tolerance", 0, 1e308)
    if (equal == "within") != (tolerance is not None):
        own.fault("tolerance", "is only for equal: within", "write both or none")
    own.finish()
    return Field(path, at_least, equal, tolerance or 0.0) if path and at_least else None


def _at_least(own: PlanTable, sample: int) -> float | None:
    at_least = own.between("at_least", 0, 1)
    if at_least and (needed := intervals.trials_to_show(at_least, CONFIDENCE)) > sample:
        remedy = f"that takes a sample of {needed} at least"
        own.fault(
            "at_least", f"{sample} equal answers cannot show {at_least:.2%}, so it could never pass", remedy
        )
    return at_least


def _smoke(name: str, own: PlanTable, folder: Path) -> Gate:
    requests = _requests(own, folder)
    expect = own.inner("expect")
    status, within = 200, None
    if expect is not None:
        status = expect.integer("status", 100, 599) or 200
        within = expect.time("within") or None
        expect.finish()
    own.finish()
    return SmokeGate(name, requests, status, within)


def _requests(own: PlanTable, folder: Path) -> str:
    """A pattern of files below the endpoint's folder, which finds one at least."""
    pattern = own.text("requests", required=True)
    if pattern is None:
        return ""
    path = Path(pattern)
    if not pattern or path.is_absolute() or ".." in path.parts:
        own.fault("requests", f"{pattern!r} leads out of {folder}", "name files below it")
    elif folder.is_dir() and not any(found.is_file() for found in folder.glob(pattern)):
        remedy = "put requests there, as JSON"
        own.fault("requests", f"there is no {pattern} in {folder}, so it could never fail", remedy)
    return pattern
