"""What the project assumes of Azure, as docs/azure-truth.md lists it, and what the journeys saw of it."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "azure-truth.md"
_ROW = re.compile(r"^\| (?P<id>[a-z]+-\d+) \| (?P<text>.+?) \|", re.MULTILINE)


@dataclass(frozen=True)
class Observation:
    """One look at an assumption: whether it held, and what was seen."""

    id: str
    held: bool
    saw: str


def assumptions(page: str) -> dict[str, str]:
    """The assumptions on the page, by id."""
    return {row["id"]: row["text"] for row in _ROW.finditer(page)}


def store(observations: Iterable[Observation], file: Path) -> None:
    """Keep what was seen, for the report of a run that may yet be interrupted."""
    file.write_text(json.dumps([asdict(one) for one in observations]))


def stored(file: Path) -> list[Observation]:
    """What was seen; nothing where no test came so far."""
    return [Observation(**one) for one in json.loads(file.read_text())] if file.exists() else []


def report(observations: Iterable[Observation], known: Mapping[str, str], where: str, day: str) -> str:
    """The report in Markdown, fit to be pasted: each assumption, whether it held, what was seen."""
    seen: dict[str, list[Observation]] = {}
    for one in observations:
        seen.setdefault(one.id, []).append(one)
    rows = [_row(name, text, seen.get(name, [])) for name, text in known.items()]
    false = [name for name, looks in seen.items() if not all(one.held for one in looks)]
    summary = f"{len(seen)} of {len(known)} assumptions were looked at; " + (
        f"**these did not hold: {', '.join(false)}**." if false else "all of these held."
    )
    head = f"### What held of docs/azure-truth.md on {where}, {day}\n\n{summary}\n"
    return "\n".join([head, "| # | assumption | held | seen |", "| --- | --- | --- | --- |", *rows, ""])


def _row(name: str, text: str, looks: list[Observation]) -> str:
    if not looks:
        return f"| {name} | {text} | not looked at | |"
    held = "yes" if all(one.held for one in looks) else "**no**"
    told = [one.saw for one in looks if not one.held] or [looks[-1].saw]
    shown = "; ".join(dict.fromkeys(text.replace("|", "\\|").replace("\n", " ")[:300] for text in told))
    return f"| {name} | {text} | {held} | {shown} |"
