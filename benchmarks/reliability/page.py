"""docs/reliability.md, from the figures."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from string import Template

from benchmarks.reliability.faults import FAULTS, Fault
from benchmarks.reliability.figures import (
    ROLLOUTS,
    SEED,
    TRAFFIC,
    Cell,
    Figures,
    withdrawn,
)
from benchmarks.reliability.rules import Rule

MEASURED = Path(__file__).with_name("measured.json")
"""Figures that other commands measure and write here."""
TEXT = Template(Path(__file__).with_name("page.md").read_text(encoding="utf-8"))
AGREEMENTS = (1.0, 0.999, 0.998, 0.995, 0.99, 0.985, 0.98, 0.97, 0.95)
NOISE = 0.01
"""Rules that differ in less than this part of the rollouts count as equal."""


def page(found: Figures, rules: dict[str, Rule]) -> str:
    """The whole page."""
    names = list(rules)
    good = [fault for fault in FAULTS if not fault.at_fault]
    bad = [fault for fault in FAULTS if fault.at_fault]
    return TEXT.substitute(
        seed=SEED,
        rollouts=f"{ROLLOUTS:,}",
        withdrawn=_table(good, names, found, _withdrawn),
        missed=_table(bad, names, found, _missed),
        time=_table(bad, names, found, _time),
        good_time=_table(good[:1], names, found, _good_time),
        behind="\n".join(_behind(found, names)),
        agreement=_agreement(),
        measured=measured(),
    )


def row(fault: Fault, per_minute: int, cells: list[Cell], said: Callable[[Cell], str]) -> str:
    """One line of a table."""
    return f"| {fault.name} | {per_minute:,} | {' | '.join(map(said, cells))} |"


def _table(faults: list[Fault], names: list[str], found: Figures, said: Callable[[Cell], str]) -> str:
    lines = [f"| candidate | requests a minute | {' | '.join(names)} |", "|---|---:|" + "---:|" * len(names)]
    for fault in faults:
        for per_minute in TRAFFIC if fault.busy else TRAFFIC[:1]:
            cells = [found[name, fault.name, per_minute] for name in names]
            lines.append(row(fault, per_minute if fault.busy else 0, cells, said))
    return "\n".join(lines)


def _withdrawn(cell: Cell) -> str:
    return _part(cell.rolled_back) + _paused(cell)


def _missed(cell: Cell) -> str:
    return _part(cell.promoted) + _paused(cell)


def _part(count: int) -> str:
    return f"{100 * count / ROLLOUTS:.1f} %"


def _paused(cell: Cell) -> str:
    return f" ({_part(cell.paused)})" if cell.paused else ""


def _time(cell: Cell) -> str:
    return "–" if cell.minutes is None else f"{cell.minutes:g} min, {cell.spoiled:,.0f}"  # noqa: RUF001


def _good_time(cell: Cell) -> str:
    return "–" if cell.good_minutes is None else f"{cell.good_minutes:g} min"  # noqa: RUF001


SAID = {"withdrawn": _withdrawn, "missed": _missed, "time": _time}
"""What the tables say of a cell."""


def _behind(found: Figures, names: list[str]) -> Iterator[str]:
    """Each cell in which another rule does better than ours, computed from the figures."""
    ours, *others = names
    lines = [line for fault in FAULTS for line in _behind_in(found, ours, others, fault)]
    yield from (
        ["| candidate | requests a minute | ahead |", "|---|---:|---|", *lines] if lines else ["Nowhere."]
    )


def _behind_in(found: Figures, ours: str, others: list[str], fault: Fault) -> Iterator[str]:
    for per_minute in TRAFFIC if fault.busy else TRAFFIC[:1]:
        mine = found[ours, fault.name, per_minute]
        wins = [
            f"{name} ({better})"
            for name in others
            if (better := _better(found[name, fault.name, per_minute], mine, fault))
        ]
        if wins:
            yield f"| {fault.name} | {per_minute if fault.busy else 0:,} | {', '.join(wins)} |"


def _better(its: Cell, mine: Cell, fault: Fault) -> str:
    """In what another rule is better, empty where in nothing."""
    margin = NOISE * ROLLOUTS
    if not fault.at_fault:
        if its.rolled_back < mine.rolled_back - margin:
            return "withdraws fewer"
        fewer = its.rolled_back + its.paused < mine.rolled_back + mine.paused - margin
        return "pauses fewer" if fewer else ""
    if its.promoted < mine.promoted - margin:
        return "misses fewer"
    if its.promoted > mine.promoted + margin or its.minutes is None or mine.minutes is None:
        return ""
    if its.minutes < mine.minutes:
        return "sooner"
    return "asks nobody" if mine.paused > margin and its.paused < mine.paused - margin else ""


def _agreement() -> str:
    lines = ["| answers that agree | withdrawn |", "|---:|---:|"]
    lines += [f"| {part:.1%} | {withdrawn(part, 500, 0.98):.2%} |" for part in AGREEMENTS]
    return "\n".join(lines)


def measured() -> str:
    """What other commands have found; nothing is said that none of them measured."""
    lines = ["| figure | measured by | value |", "|---|---|---|"]
    for name, one in json.loads(MEASURED.read_text()).items():
        value = one["value"]
        lines.append(f"| {name} | {one['by']} | {'not measured yet' if value is None else value} |")
    return "\n".join(lines)
