"""What a plan says of its gates: each is read into a record, or told what is wrong with it."""

from pathlib import Path

import pytest

from azml.rollout.gates import AgreementGate, Field, Gate, RateGate, SmokeGate
from azml.rollout.plan import (
    Plan,
)
from azml.rollout.planning.reading import gates
from tests.rollout.plans import plan, read, steps

FULL = "{traffic: 100, for: 30m, gates: [errors]}"


def test_requests_lie_below_the_endpoints_folder(tmp_path: Path) -> None:
    _, findings = read("prod", tmp_path)
    assert [one.key for one in findings] == ["gates.agreement.requests", "gates.smoke.requests"]
    assert "there is no requests.jsonl in" in findings[0].message
    _, findings = read(steps("smoke: [smoke]", FULL).replace("requests/*.json", "../*.json"), tmp_path)
    assert "leads out of" in findings[0].message


@pytest.mark.parametrize(
    ("gate", "key", "says"),
    [
        (
            "{metric: error_rates, max: 0.1}",
            "metric",
            "not a metric: it could never fail; did you mean 'error_rate'",
        ),
        ("{metric: error_rate, max: 1}", "max", "can never decide anything"),
        ("{metric: error_rate, max: 0}", "max", "can never decide anything"),
        ("{metric: error_rate, max: little}", "max", "is text, not a number"),
        ("{metric: error_rate}", "max", "is missing"),
        ("{metric: error_rate, max: 0.1, count: []}", "count", "counts no status"),
        ("{metric: error_rate, max: 0.1, count: [200]}", "count[0]", "'200' counts no error"),
        ("{metric: error_rate, max: 0.1, against_stable: {}}", "against_stable.max_ratio", "is missing"),
        (
            "{metric: error_rate, max: 0.1, against_stable: {max_ratio: 0.5}}",
            "against_stable.max_ratio",
            "range",
        ),
        (
            "{metric: error_rate, max: 0.1, against_stable: {max_ratio: 100.5}}",
            "against_stable.max_ratio",
            "range",
        ),
        (
            "{metric: error_rate, max: 0.1, against_stable: {max_ratio: 2, min_ratio: 1}}",
            "against_stable.min_ratio",
            "is not a known key",
        ),
        ("{metric: error_rate, max: 0.1, alpha: 0.9}", "alpha", "can never decide anything"),
        ("{metric: error_rate, max: 0.1, alpha_pass: 0.9}", "alpha_pass", "can never decide anything"),
        ("{metric: 3, max: 0.1}", "metric", "is a whole number, not text"),
        ("{slower_than: 1s, metric: latency_p95, max: 0.1}", "metric", "is not a known key"),
        ("{slower_than: 1s, max: 0.1, count: [5xx]}", "count", "is not a known key"),
        ("{metric: latency_p95}", "max", "is missing"),
        ("{metric: latency_p95, max: 1s, alpha: 0.1}", "alpha", "is not a known key"),
        ("{metric: error_rate, maxx: 0.1, max: 0.1}", "maxx", "is not a known key"),
        ("{metric: latency_p95, max: 250}", "max", "is not a time"),
        ("{slower_than: 0s, max: 0.1}", "slower_than", "is not a time"),
        ("{}", None, "checks nothing"),
        ("[1]", None, "is not a mapping"),
        ("{compare: replay, requests: r, fields: []}", "fields", "compares nothing"),
        ("{compare: replay, requests: r}", "fields", "is missing"),
        (
            "{compare: replay, requests: r, fields: [{path: label, at_least: 0.9}]}",
            "fields[0].path",
            "not a path",
        ),
        ("{compare: replay, requests: r, fields: [{path: $, at_least: 1}]}", "fields[0].at_least", "never"),
        (
            "{compare: replay, requests: r, sample: 100, fields: [{path: $, at_least: 0.98}]}",
            "fields[0].at_least",
            "cannot show 98.00%, so it could never pass; that takes a sample of 149 at least",
        ),
        (
            "{compare: replay, requests: r, fields: [{path: $, equal: within, at_least: 0.9}]}",
            "fields[0]",
            "is only for equal: within",
        ),
        ("{compare: replay, fields: [{path: $, at_least: 0.9}]}", "requests", "is missing"),
        ("{compare: replay, requests: r, fields: [{at_least: 0.9}]}", "fields[0].path", "is missing"),
        (
            "{compare: replay, requests: r, fields: [{path: $, at_least: 0.9, weight: 1}]}",
            "fields[0].weight",
            "is not a known key",
        ),
        ("{compare: replay, requests: r, sample: 0, fields: [{path: $, at_least: 0.9}]}", "sample", "range"),
        (
            "{compare: replay, requests: r, sample: 100001, fields: [{path: $, at_least: 0.9}]}",
            "sample",
            "range",
        ),
        (
            "{compare: replay, requests: r, keep_mismatches: 1001, fields: [{path: $, at_least: 0.9}]}",
            "keep_mismatches",
            "range",
        ),
        (
            "{compare: replay, requests: r, example: a.json, fields: [{path: $, at_least: 0.9}]}",
            "example",
            "is not a known key",
        ),
        ("{compare: reply, requests: r, at_least: 0.9}", "compare", "write replay, or a function"),
        ("{compare: a.py:b, requests: r}", "at_least", "is missing"),
        ("{compare: ../a.py:b, requests: r, at_least: 0.9}", "compare", "leads out of"),
        ("{compare: /a.py:b, requests: r, at_least: 0.9}", "compare", "leads out of"),
        ("{compare: a.py:b, requests: r, at_least: 0.999}", "at_least", "cannot show 99.90%"),
        (
            "{compare: a.py:b, requests: r, at_least: 0.9, fields: [{path: $, at_least: 0.9}]}",
            "fields",
            "is not a known key",
        ),
        (
            "{compare: a.py:b, requests: r, at_least: 0.9, segment: region, redact: []}",
            "segment",
            "'region' is not a path",
        ),
        ("{compare: a.py:b, requests: r, at_least: 0.9, redact: [$.a, b]}", "redact", "'b' is not a path"),
    ],
)
def test_a_gate_that_cannot_fail_or_cannot_pass(gate: str, key: str | None, says: str) -> None:
    found, findings = read(f"gates:\n  it: {gate}\nsteps:\n  - {{traffic: 100, for: 1m, gates: [it]}}\n")
    assert found is None
    assert len(findings) == 1, [str(one) for one in findings]
    assert (findings[0].key, findings[0].line) == ("gates.it" + (f".{key}" if key else ""), 2)
    assert says in str(findings[0])


@pytest.mark.parametrize(
    ("gate", "wanted"),
    [
        ("{metric: error_rate, max: 0.1, alpha_pass: 0.1}", RateGate("it", 0.1, alpha_pass=0.1)),
        ("{metric: error_rate, max: 0.1, count: [500, 4xx]}", RateGate("it", 0.1, codes=("500", "4xx"))),
        (
            "{metric: error_rate, max: 0.1, against_stable: {max_ratio: 100}}",
            RateGate("it", 0.1, max_ratio=100.0),
        ),
        (
            "{compare: replay, requests: r, sample: 149, fields: [{path: $, at_least: 0.98}]}",
            AgreementGate("it", "r", 149, (Field("$", 0.98),)),
        ),
        (
            "{compare: replay, requests: r, keep_mismatches: 0, fields: [{path: $, at_least: 0.9}]}",
            AgreementGate("it", "r", 500, (Field("$", 0.9),)),
        ),
        (
            "{compare: replay, requests: r, sample: 1, fields: [{path: $, at_least: 0.05}]}",
            AgreementGate("it", "r", 1, (Field("$", 0.05),)),
        ),
        (
            "{compare: replay, requests: r, sample: 100000, fields: [{path: $, at_least: 0.9}]}",
            AgreementGate("it", "r", 100_000, (Field("$", 0.9),)),
        ),
        (
            "{compare: a.py:b, requests: r, at_least: 0.9, example: an/answer.json}",
            AgreementGate("it", "r", 500, (Field("a.py:b", 0.9, "function"),), example="an/answer.json"),
        ),
    ],
)
def test_a_gate_at_its_limits(gate: str, wanted: Gate) -> None:
    found = plan(f"gates:\n  it: {gate}\nsteps:\n  - {{traffic: 100, for: 1m, gates: [it]}}\n")
    assert gates(found) == {"it": wanted}


@pytest.mark.parametrize(
    ("gate", "wanted"),
    [
        ("{requests: r}", SmokeGate("it", "r")),
        ("{requests: r, expect: {within: 1s}}", SmokeGate("it", "r", 200, 1.0)),
        ("{requests: r, expect: {status: 100}}", SmokeGate("it", "r", 100)),
        ("{requests: r, expect: {status: 599}}", SmokeGate("it", "r", 599)),
        ("{requests: r, expect: {status: 99}}", "gates.it.expect.status: 99 is out of range"),
        ("{requests: r, expect: {status: 600}}", "gates.it.expect.status: 600 is out of range"),
        ("{requests: r, expect: {code: 200}}", "gates.it.expect.code: is not a known key"),
        ("{requests: r, times: 3}", "gates.it.times: is not a known key"),
    ],
)
def test_what_smoke_expects(gate: str, wanted: Gate | str) -> None:
    text = f"gates:\n  it: {gate}\nsteps: [{{smoke: [it]}}, {{traffic: 100}}]\n"
    if isinstance(wanted, str):
        assert [wanted in str(one) for one in read(text)[1]] == [True]
    else:
        assert gates(plan(text)) == {"it": wanted}


def test_an_example_is_a_file_in_the_endpoints_folder(tmp_path: Path) -> None:
    (tmp_path / "check.py").write_text("def same(request, stable, candidate): ...\n")
    (tmp_path / "requests.jsonl").write_text("{}\n" * 500)
    (tmp_path / "folder").mkdir()
    (tmp_path / "answer.json").write_text("[1]")
    (tmp_path / "out.json").symlink_to("/etc/hostname")

    def found(example: str) -> list[str]:
        gate = f"{{compare: 'check.py:same', requests: requests.jsonl, at_least: 0.9, example: '{example}'}}"
        lines = f"gates:\n  it: {gate}\nsteps:\n  - {{traffic: 100, for: 1m, gates: [it]}}\n"
        return [str(one) for one in read(lines, tmp_path)[1]]

    assert found("answer.json") == []
    outside = ("folder/../answer.json", f"{tmp_path}/answer.json", "out.json", "gone.json", "folder")
    for example in outside:
        (finding,) = found(example)
        assert f"gates.it.example: there is no file {example!r} below" in finding


def test_a_function_that_compares_is_in_the_endpoints_folder_and_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "requests.jsonl").write_text("{}\n" * 500)
    (tmp_path / "check.py").write_text("def same(request, stable, candidate): ...\nraise SystemExit\n")
    (tmp_path / "broken.py").write_text("def same(:\n")
    (tmp_path / "out.py").symlink_to("/etc/hostname")

    def found(compare: str) -> tuple[Plan | None, str]:
        gate = f"{{compare: '{compare}', requests: requests.jsonl, at_least: 0.9, segment: $.region}}"
        lines = f"gates:\n  it: {gate}\nsteps:\n  - {{traffic: 100, for: 1m, gates: [it]}}\n"
        plan, findings = read(lines, tmp_path)
        return plan, " ".join(map(str, findings))

    plan, _ = found("check.py:same")
    assert plan and plan.steps[0].gates[0] == AgreementGate(  # type: ignore[union-attr]
        "it", "requests.jsonl", 500, (Field("check.py:same", 0.9, "function"),), segment="$.region"
    )
    for compare in ("check.py:other", "broken.py:same", "gone.py:same"):
        assert "has no function" in found(compare)[1]
    assert "leads out of" in found("out.py:same")[1]


def test_collected_requests_need_no_file(tmp_path: Path) -> None:
    gate = "{compare: replay, requests: collected, sample: 50, fields: [{path: $.x, at_least: 0.9}]}"
    lines = f"gates:\n  it: {gate}\nsteps:\n  - {{traffic: 100, for: 1m, gates: [it]}}\n"
    wanted = {"it": AgreementGate("it", "collected", 50, (Field("$.x", 0.9),))}
    found, findings = read(lines, tmp_path)
    assert found is not None, findings
    assert gates(found) == wanted
    (tmp_path / "collected").write_text("A file of that name is something else.")
    found, findings = read(lines, tmp_path)
    assert found is not None, findings
    assert gates(found) == wanted


def test_a_sample_is_not_larger_than_the_requests_there_are(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.json").write_text("{\n}\n")
    (tmp_path / "r.jsonl").write_text("{}\n\n" * 200)
    gate = "{{compare: replay, requests: '{}', sample: {}, fields: [{{path: $, at_least: 0.3}}]}}"
    for pattern, sample, there in (("r.jsonl", 200, None), ("r.jsonl", 201, 200), ("*.json", 4, 3)):
        lines = f"gates:\n  it: {gate.format(pattern, sample)}\nsteps:\n"
        found, findings = read(f"{lines}  - {{traffic: 100, for: 1m, gates: [it]}}\n", tmp_path)
        assert (found is None) == (there is not None)
        assert [one.key for one in findings] == ([] if there is None else ["gates.it.sample"])
        assert there is None or f"has {there} requests" in str(findings[0])
    gate = "{compare: replay, requests: '*.json', fields: [{path: $, at_least: 0.9}]}"
    _, findings = read(
        f"gates:\n  it: {gate}\nsteps:\n  - {{traffic: 100, for: 1m, gates: [it]}}\n", tmp_path
    )
    assert [one.key for one in findings] == ["gates.it.requests"] and "the sample is 500" in str(findings[0])
