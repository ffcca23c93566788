"""A report says what its journal has, as records, as JSON and as a page that needs and runs nothing else."""

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from azml.rollout.journals.document import Document, Head, text_of
from azml.rollout.journals.journal import Shares
from azml.rollout.judging.looks import Look, Matches, Replayed
from azml.rollout.report.as_json import document
from azml.rollout.report.build import MOST_POINTS, report
from azml.rollout.report.charts import differences
from azml.rollout.report.markup import EMPTY
from azml.rollout.report.page import page
from azml.rollout.report.records import Change, Point, Report
from azml.rollout.statistics.comparison import Seen
from azml.rollout.statistics.sequences import Interval
from tests.rollout.journals import START, Seeded, carried_out
from tests.rollout.plans import plan, steps
from tests.rollout.worlds import World

HOSTILE = '["<script>alert(1)</script>"]'
CHANGES = (
    Change("file", "score.py", "1f2e", "9a3c"),
    Change("package", "scikit-learn", "1.4.2", "1.5.0"),
    Change("setting", "instance_count", None, "2"),
)


@pytest.fixture(scope="module")
def good() -> Report:
    return report(carried_out(Seeded(0.001, broken=1)), CHANGES)


@pytest.fixture(scope="module")
def bad() -> Report:
    return report(carried_out(Seeded(0.2, wrong=HOSTILE)))


def test_every_step_has_its_gates_with_their_last_verdict(good: Report, bad: Report) -> None:
    assert [(one.step, one.kind) for one in good.steps] == [
        (0, "smoke"),
        (1, "shadow"),
        (2, "traffic"),
        (3, "traffic"),
    ]
    assert all(gate.verdict == "pass" for one in good.steps for gate in one.gates)
    errors = bad.steps[-1].gates[0]
    assert (bad.phase, errors.gate.name, errors.verdict) == ("rolled_back", "errors", "fail")
    assert errors.why in bad.sentence and "more than 1.5 times" in errors.why


def test_a_rates_points_are_differences_with_their_interval_limit_and_sample(good: Report) -> None:
    points = next(gate.points for gate in good.steps[2].gates if gate.gate.name == "errors")
    last = points[-1]
    own, other = last.candidate, last.stable
    assert own.requests == 20 * len(points) and other.requests == 9 * own.requests
    assert last.value == own.rate - other.rate
    assert last.interval.low < last.value < last.interval.high
    assert last.limit == pytest.approx(0.01 - other.rate)
    assert last.ratio_limit == pytest.approx(0.5 * other.rate)
    assert points[0].interval.high - points[0].interval.low > last.interval.high - last.interval.low


def test_without_a_stable_deployments_requests_it_is_the_candidates_own_rate() -> None:
    class Alone(Seeded):
        def __call__(self, now: float) -> dict[str, object]:  # type: ignore[override]
            from azml.rollout.judging.looks import Counted
            from azml.rollout.statistics.comparison import NOTHING

            return {"errors": Counted(self.seen(200, 0.0), NOTHING)}

    found = report(carried_out(Alone(0.0), plan(steps("{traffic: 100, for: 30m, gates: [errors]}"))))  # type: ignore[arg-type]
    point = found.steps[0].gates[0].points[-1]
    assert not point.compares and (point.limit, point.ratio_limit, point.value) == (0.01, None, 0.0)
    assert "the candidate alone" in page(found)


def test_one_request_to_the_stable_deployment_is_something_to_compare_with() -> None:
    point = Point(1.0, Seen(10, 1), Seen(1, 0), 0.1, Interval(-0.9, 0.6), 0.01)
    assert point.compares and not replace(point, stable=Seen()).compares


def test_a_long_step_is_thinned_to_a_chart_and_keeps_its_last_look() -> None:
    long = plan(steps("{traffic: 100, for: 300m, gates: [errors]}"))
    points = report(carried_out(Seeded(0.001), long)).steps[0].gates[0].points
    assert [point.minute for point in points] == [5.0 * place for place in range(1, MOST_POINTS + 1)]


def test_agreement_is_told_by_segment_with_its_bound_and_what_differs(good: Report) -> None:
    agreement = next(gate for gate in good.steps[1].gates if gate.gate.name == "agreement")
    assert [(one.segment, one.found.equal, one.found.compared) for one in agreement.agreed] == [
        ("", 498, 500),
        ("north", 198, 200),
        ("south", 300, 300),
    ]
    assert agreement.agreed[0].low == pytest.approx(0.98746, abs=1e-5)
    assert (agreement.missing, agreement.mismatches[0].request) == (2, 12)


def test_every_decision_is_there_with_its_sentence(bad: Report) -> None:
    what = [one.what for one in bad.decisions]
    assert what[:2] == ["started", "step begun"]
    assert what[-4:] == ["rolled back", "shares written", "shares taken", "shares read back"]
    assert bad.decisions[-4].why in bad.sentence
    assert [one.why for one in bad.decisions[-3:]] == ["stable 100 %, candidate 0 %"] * 3
    assert bad.decisions[0].at == START and all(one.why for one in bad.decisions)


def test_a_rollout_that_has_only_begun_has_a_report(good: Report) -> None:
    whole = carried_out(Seeded(0.001))
    for entries in (0, 1, 2):
        found = report(Document(whole.head).plus(*whole.entries[:entries]))
        assert "No gate has looked at anything yet." in page(found)
        json.dumps(document(found))
    assert "after 0 s" in page(report(Document(whole.head)))


def test_a_first_deployment_has_a_report_of_the_gates_that_compare_nothing() -> None:
    """With no other deployment's answers, agreement is not looked at, and no ratio is drawn."""
    carried = plan(steps("{traffic: 100, for: 10m, gates: [errors, agreement]}"))
    world = World(carried, shares=Shares(0, 0), looks=Seeded(0.0), now=START).start().run()
    found = report(
        Document(Head(1, "diabetes", "", "green", "3f2a", text_of(carried))).plus(*world.entries())
    )
    (errors,) = found.steps[0].gates
    assert found.phase == "succeeded" and errors.gate.name == "errors"
    assert all(point.ratio_limit is None for point in errors.points)


def test_what_was_not_compared_in_a_segment_is_0_of_0() -> None:
    def looks(now: float) -> dict[str, Look]:
        return {"agreement": Replayed({"$[*]": Matches(500, 498)}, {"north": {}})}

    short = plan(steps("{traffic: 10, for: 2m, gates: [agreement]}", "traffic: 100"))
    agreed = report(carried_out(looks, short)).steps[0].gates[0].agreed
    assert [(one.segment, one.found) for one in agreed] == [("", Matches(500, 498)), ("north", Matches(0, 0))]


def test_the_json_has_all_of_it(good: Report) -> None:
    found = json.loads(json.dumps(document(good)))
    assert found["endpoint"] == "diabetes" and found["phase"] == "succeeded" and found["rollout"] == 3
    assert found["changes"][1]["candidate"] == "1.5.0" and len(found["decisions"]) == len(good.decisions)
    gates = {gate["gate"]: gate for gate in found["steps"][1]["gates"]}
    assert gates["latency"]["points"][-1]["candidate"]["requests"] == 300
    assert gates["agreement"]["agreement"][1]["segment"] == "north" and gates["p95"]["values"]
    assert gates["agreement"]["mismatches"][0]["request"] == 12
    assert found["steps"][0]["gates"][0]["answers"][0] == {"status": 200, "seconds": 0.1}


def test_the_json_of_a_gate_has_what_a_gate_of_its_kind_finds(good: Report) -> None:
    smoke, shadow, traffic, _ = document(good)["steps"]
    said = {"gate", "verdict", "why"}
    assert [step["step"] for step in (smoke, shadow, traffic)] == [1, 2, 3]
    assert [gate.keys() - said for gate in smoke["gates"]] == [{"answers"}]
    assert {gate["gate"]: gate.keys() - said for gate in shadow["gates"]} == {
        "latency": {"points", "failed_looks"},
        "p95": {"values", "failed_looks"},
        "agreement": {"agreement", "mismatches", "failed_looks"},
    }
    assert [gate.keys() - said for gate in traffic["gates"]] == [{"points"}, {"points"}]


class Elements(HTMLParser):
    """Which elements a page has, which are open at its end, and what they load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.loads: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.loads += [str(value) for name, value in attrs if name in ("src", "href", "style", "onload")]
        assert tag not in EMPTY
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_and_runs_nothing(good: Report, bad: Report) -> None:
    for one in (good, bad):
        elements = Elements(page(one))
        assert elements.open == [] and elements.loads == []
        assert {"svg", "title", "table", "style"} <= elements.names
        assert not elements.names & {"script", "img", "link", "iframe", "object"}
        assert "url(" not in page(one) and "@import" not in page(one)
    assert "&lt;script&gt;" in page(bad)


def test_the_page_says_what_changed_or_why_it_cannot(good: Report, bad: Report) -> None:
    assert all(text in page(good) for text in ("scikit-learn", "1.5.0", "Packages", "Settings"))
    assert "could not be compared" in page(bad)
    assert "same files with the same settings" in page(report(carried_out(Seeded(0.001)), ()))


def test_the_time_below_a_chart_of_a_short_step_is_in_seconds(good: Report) -> None:
    """A plan of seconds, as in a first try, has no whole minute to show."""
    seen = next(gate for gate in good.steps[2].gates if gate.gate.name == "errors")
    seconds = tuple(replace(point, minute=point.minute / 60) for point in seen.points)
    assert ">10 min</text>" in differences(seen)
    short = differences(replace(seen, points=seconds))
    assert ">10 s</text>" in short and "min</text>" not in short
