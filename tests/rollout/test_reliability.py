"""The published figures are those of the code: some cells are computed again, and looked up on the page."""

import math
from functools import cache
from pathlib import Path
from random import Random

import pytest

from azml.rollout.statistics import intervals
from benchmarks.reliability import page
from benchmarks.reliability.faults import FAULTS, Fault, Minute, Rates, World
from benchmarks.reliability.figures import ROLLOUTS, SEED, TRAFFIC, Cell, cell, withdrawn
from benchmarks.reliability.page import SAID
from benchmarks.reliability.rules import Argo, Flagger, Rule, Threshold, our_plan, rules
from tests.rollout.binomial import likely

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
RULES = rules()
KINDS = {fault.name: fault for fault in FAULTS}
BROKEN = KINDS["all answers are errors"]


def rows(section: str) -> dict[tuple[str, str], list[str]]:
    """The cells of a table of the page, by the candidate and the requests a minute."""
    lines = PAGE.split(f"## {section}\n")[1].split("\n## ")[0].splitlines()
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {(one[0], one[1]): one[2:] for one in found}


@pytest.mark.parametrize(
    ("section", "said", "fault", "per_minute", "columns"),
    [
        ("Good candidates that were withdrawn", "withdrawn", "0.5 % errors on both", 200, [1]),
        ("Faulty candidates that got all traffic", "missed", BROKEN.name, 2000, [0, 1, 4]),
        ("Faulty candidates that got all traffic", "missed", "5 % errors", 2000, [0, 1]),
        ("Time to decision", "time", BROKEN.name, 2000, [0, 1, 4]),
        ("Time to decision", "time", "5 % errors", 2000, [0, 1]),
    ],
)
def test_a_cell_of_the_page_is_what_the_code_computes(
    section: str, said: str, fault: str, per_minute: int, columns: list[int]
) -> None:
    for column in columns:
        found = computed(list(RULES)[column], fault, per_minute)
        assert rows(section)[fault, f"{per_minute:,}"][column] == SAID[said](found)


@cache
def computed(name: str, fault: str, per_minute: int) -> Cell:
    return cell(name, RULES[name], KINDS[fault], per_minute)


def test_every_candidate_rate_and_rule_is_on_the_page() -> None:
    good = rows("Good candidates that were withdrawn")
    bad = rows("Faulty candidates that got all traffic")
    for fault in FAULTS:
        for per_minute in TRAFFIC if fault.busy else (0,):
            assert len((bad if fault.at_fault else good)[fault.name, f"{per_minute:,}"]) == len(RULES)


def test_the_page_says_what_computed_it_and_nothing_that_nobody_measured() -> None:
    assert f"seed {SEED}, {ROLLOUTS:,} simulated" in PAGE and "`make reliability`" in PAGE
    assert page.measured() in PAGE
    text = page.TEXT.template.split("\n## ")
    assert all(part.split("$")[0] in PAGE for part in text[1:])


def test_a_good_plan_is_ours() -> None:
    """The compared plan is made of the presets that people use."""
    assert [step.percent for step in our_plan().steps] == [10, 50, 100]  # type: ignore[union-attr]


@pytest.mark.parametrize("agreement", [0.95, 0.99, 0.995, 0.999])
def test_how_often_agreement_withdraws_is_the_binomial_sum(agreement: float) -> None:
    assert intervals.lower_bound(495, 500, 0.95) < 0.98 <= intervals.lower_bound(496, 500, 0.95)
    expected = math.fsum(likely(count, 500, agreement) for count in range(496))
    assert withdrawn(agreement, 500, 0.98) == pytest.approx(expected, abs=1e-9)
    assert f"| {agreement:.1%} | {expected:.2%} |" in PAGE


def always(rates: Rates) -> Fault:
    return Fault("", True, rates, rates)


@pytest.mark.parametrize(
    ("rule", "rates", "ending", "minutes"),
    [
        (Argo(0.95), Rates(1.0), "rolled back", 25),
        (Argo(0.95), Rates(0.0001), "promoted", 40),
        (Flagger(), Rates(1.0), "rolled back", 10),
        (Flagger(), Rates(0.0001), "promoted", 10),
        (Flagger(), Rates(slow=1.0, long=True), "rolled back", 10),
        (Threshold(our_plan()), Rates(1.0), "rolled back", 1),
    ],
)
def test_the_other_rules_do_what_their_documentation_says(
    rule: Rule, rates: Rates, ending: str, minutes: int
) -> None:
    """Four failures, at minutes 10, 15, 20 and 25, are one more than Argo's limit; ten are Flagger's."""
    found = rule(World(always(rates), 100, Random(1)))
    assert (found.ending, found.minutes) == (ending, minutes)


def test_flagger_counts_a_minute_without_requests_as_failed_and_three_do_not_roll_back() -> None:
    assert not Flagger().passes(Minute()) and Flagger().passes(Minute(100, 1, 5, 1))
    assert not Flagger().passes(Minute(100, 2)) and not Flagger().passes(Minute(100, 0, 2, 2))


def test_counts_are_drawn_with_their_own_probability() -> None:
    world = World(BROKEN, 100, Random(3))
    for trials, rate in ((20, 0.01), (2000, 0.5), (7, 0.9)):
        mean = sum(world.drawn(trials, rate) for _ in range(4000)) / 4000
        assert mean == pytest.approx(trials * rate, abs=5 * (trials * rate * (1 - rate) / 4000) ** 0.5)
    assert world.drawn(5, 1.0) == 5 and world.drawn(0, 0.5) == 0


def test_cells_do_not_depend_on_each_other() -> None:
    assert cell("Flagger", Flagger(), BROKEN, 20, 10) == Cell(0, 10, 0, 10, 10, None)
