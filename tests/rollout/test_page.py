"""What a reader of a report's page is told, and where."""

from xml.etree import ElementTree

import pytest

from azml.rollout.deciding.state import Phase
from azml.rollout.gates import AgreementGate, Field, RateGate, SmokeGate, ThresholdGate
from azml.rollout.journals.journal import Shares
from azml.rollout.judging.looks import Matches, Mismatch
from azml.rollout.report.page import page
from azml.rollout.report.records import Agreed, Change, Decision, GateSeen, Point, Report, StepSeen
from azml.rollout.statistics.comparison import Seen
from azml.rollout.statistics.sequences import Interval

ERRORS = RateGate("errors", 0.01, max_ratio=1.5)
P95 = ThresholdGate("p95", "latency_p95", 0.25)
AGREEMENT = AgreementGate("agreement", "requests.jsonl", 500, (Field("$", 0.98),))
POINTS = (
    Point(1.0, Seen(100, 9), Seen(900, 9), 0.08, Interval(-0.1, 0.3), 0.0),
    Point(2.0, Seen(2000, 20), Seen(18000, 90), 0.005, Interval(-0.002, 0.012), 0.005),
)
AGREED = (
    Agreed("", "$", Matches(1500, 1485), 0.985, 0.98),
    Agreed("north", "$", Matches(500, 490), 0.97, 0.98),
)
MISMATCHES = (Mismatch(12, "north", "$", "1", "2"), Mismatch(14, "", "$", "3", "4"))


class Read:
    """A page as its reader sees it."""

    def __init__(self, report: Report) -> None:
        self.root = ElementTree.fromstring(page(report).partition("\n")[2])
        self.facts = {one.text: fact.text for one, fact in zip(self.all("dt"), self.all("dd"), strict=True)}

    def all(self, name: str) -> list[ElementTree.Element]:
        """The elements of this name."""
        return list(self.root.iter(name))

    def texts(self, name: str) -> list[str]:
        """What each of them says."""
        return ["".join(one.itertext()) for one in self.all(name)]

    @property
    def tables(self) -> list[list[list[str]]]:
        """The cells of each table's rows."""
        return [
            [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
            for table in self.all("table")
        ]


def read(*gates: GateSeen, stable: str = "blue", changes: tuple[Change, ...] | None = ()) -> Read:
    seen = StepSeen(1, "traffic", Shares(90, 10), 1060.0, gates)
    decisions = (Decision(1000.0, "started", "as it was"), Decision(1060.0, "step begun", "step 2 of 3"))
    report = Report(
        endpoint="diabetes",
        number=3,
        stable=stable,
        candidate="green",
        bundle="3f2a",
        phase=Phase.SUCCEEDED,
        sentence="all gates passed",
        advice="none",
        started=1000.0,
        ended=1300.0,
        shares=Shares(0, 100),
        steps=(seen,) if gates else (),
        decisions=decisions,
        changes=changes,
    )
    return Read(report)


def test_a_page_begins_with_the_facts() -> None:
    assert read().facts["stable"] == "blue"
    assert read(stable="").facts["stable"] == "none: a first deployment"
    assert read().facts["last entry"] == "1970-01-01 00:21:40 UTC, after 5 min"


def test_changes_are_in_a_table_for_each_kind_that_has_any() -> None:
    changes = (
        Change("file", "score.py", "1f2e", "9a3c"),
        Change("setting", "instance_count", None, "2"),
        Change("file", "old.py", "77aa", None),
    )
    found = read(changes=changes)
    files, settings, _ = found.tables
    assert files == [
        ["", "stable", "candidate"],
        ["score.py", "1f2e", "9a3c"],
        ["old.py", "77aa", "–"],  # noqa: RUF001
    ]
    assert settings[1:] == [["instance_count", "–", "2"]]  # noqa: RUF001
    assert found.texts("h3") == ["Files", "Settings"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (None, "The versions could not be compared: one of them is not registered any more."),
        ((), "Nothing: both deployments serve the same files with the same settings."),
    ],
)
def test_without_changes_one_sentence_says_why(changes: tuple[Change, ...] | None, said: str) -> None:
    found = read(changes=changes)
    assert said in found.texts("p") and len(found.tables) == 1


def test_before_the_first_look_it_says_so() -> None:
    nothing = "No gate has looked at anything yet."
    assert nothing in read().texts("p")
    found = read(GateSeen(P95, "inconclusive", ""))
    assert found.texts("h3") == ["Step 2: traffic, stable 90 %, candidate 10 %"]
    assert nothing not in found.texts("p") and not found.all("svg")


def test_a_chart_has_its_last_sample_below_it() -> None:
    found = read(GateSeen(ERRORS, "pass", "errors: few", points=POINTS))
    assert found.texts("figcaption") == [
        "candidate minus stable: 0.5 %, -0.2 % to 1.2 %; "
        "candidate 20 errors of 2,000 requests, stable 90 of 18,000"
    ]
    alone = Point(1.0, Seen(100, 1), Seen(), 0.01, Interval(0.0, 0.05), 0.01)
    (caption,) = read(GateSeen(ERRORS, "pass", "", points=(alone,))).texts("figcaption")
    assert caption.startswith("the candidate alone: 1 %, ")


def test_looks_that_found_nothing_out_are_told_where_there_are_any() -> None:
    assert "2 looks had no data." in read(GateSeen(P95, "error", "", missing=2)).texts("p")
    assert not [text for text in read(GateSeen(P95, "pass", "")).texts("p") if "nothing out" in text]


def test_each_gate_has_what_a_gate_of_its_kind_finds() -> None:
    titles = [
        read(seen).texts("title")[1:]
        for seen in (
            GateSeen(ERRORS, "pass", "", points=POINTS),
            GateSeen(P95, "pass", "", values=(0.1, 0.2)),
            GateSeen(SmokeGate("smoke", "requests/*.json"), "pass", ""),
        )
    ]
    assert [[title.partition(":")[0] for title in some] for some in titles] == [["errors"], ["p95"], []]


def test_agreement_is_a_table_by_segment_with_a_bar_and_then_what_differs() -> None:
    found = read(GateSeen(AGREEMENT, "pass", "", agreed=AGREED, mismatches=MISMATCHES))
    agreed, differ, _ = found.tables
    assert agreed[0] == ["segment", "compared", "agree", "at least", "wanted", ""]
    assert [row[:5] for row in agreed[1:]] == [
        ["all", "$", "1,485 of 1,500", "98.5%", "98.0%"],
        ["north", "$", "490 of 500", "97.0%", "98.0%"],
    ]
    assert len(found.all("svg")) == 2
    assert differ == [
        ["request", "segment", "compared", "stable", "candidate"],
        ["line 12", "north", "$", "1", "2"],
        ["line 14", "all", "$", "3", "4"],
    ]
    assert found.texts("h5") == ["Answers that differ, redacted"]
    assert not read(GateSeen(AGREEMENT, "pass", "", agreed=AGREED)).all("h5")


def test_a_column_without_a_name_has_no_heading() -> None:
    """A reader that is read to is told the heading of each cell."""
    found = read(GateSeen(AGREEMENT, "pass", "", agreed=AGREED))
    head = found.all("thead")[0]
    assert [cell.tag for cell in head.iter() if cell.tag in ("th", "td")] == ["th"] * 5 + ["td"]


def test_decisions_are_told_with_the_time_since_the_start() -> None:
    assert read().tables[-1] == [
        ["time", "after", "what", "why"],
        ["1970-01-01 00:16:40 UTC", "0 s", "started", "as it was"],
        ["1970-01-01 00:17:40 UTC", "1 min", "step begun", "step 2 of 3"],
    ]
