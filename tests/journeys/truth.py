"""What the project assumes of Azure, as docs/azure-truth.md lists it, and what the journeys saw of it."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from azml.azure.errors import AzureError

PAGE = Path(__file__).parents[2] / "docs" / "azure-truth.md"
_ROW = re.compile(r"^\| (?P<id>[a-z]+-\d+) \| (?P<text>.+?) \|.*\| (?P<verified>.+?) \|$", re.MULTILINE)
_REASON = re.compile(r"not looked at: (.+)")


@dataclass(frozen=True)
class Observation:
    """One look at an assumption: whether it held (None: no look was possible), and what was seen."""

    id: str
    held: bool | None
    saw: str


class Assume:
    """`assume(id, held, saw)` notes whether an assumption of docs/azure-truth.md held, and what was seen.

    The local Azure must do what the page says, so there it is an assertion. On Azure the journey goes on: the
    page is what is on trial.
    """

    def __init__(self, known: Mapping[str, str], keep: Path | None, *, strict: bool) -> None:
        self.known, self._keep, self._strict = known, keep, strict
        self.seen: list[Observation] = []

    def __call__(self, name: str, held: bool, saw: object) -> None:
        """Note a look."""
        self._note(Observation(name, held, str(saw)))
        if self._strict:
            assert held, f"{name}: {self.known[name]} But: {saw}"

    def unseen(self, name: str, why: str) -> None:
        """Note that no look was possible on this subscription, and why."""
        self._note(Observation(name, None, why))
        assert not self._strict, f"{name}: {why}"

    @contextmanager
    def about(self, *names: str) -> Iterator[None]:
        """A look at these. Where Azure answers what nobody was ready for, the others are still looked at."""
        try:
            yield
        except (
            AssertionError,
            AzureError,
            OSError,
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
        ) as error:
            if self._strict:
                raise
            for name in names:
                if name not in {one.id for one in self.seen}:
                    self.unseen(name, f"the look ended early: {type(error).__name__}: {error}")

    def _note(self, one: Observation) -> None:
        assert one.id in self.known, f"docs/azure-truth.md has no row {one.id}"
        self.seen.append(one)
        if self._keep:
            store(self.seen, self._keep)


def assumptions(page: str) -> dict[str, str]:
    """The assumptions on the page, by id."""
    return {row["id"]: row["text"] for row in _ROW.finditer(page)}


def reasons(page: str) -> dict[str, str]:
    """Why no journey looks at an assumption, by id, where the page says so in its last column."""
    found = {row["id"]: _REASON.search(row["verified"]) for row in _ROW.finditer(page)}
    return {name: item[1] for name, item in found.items() if item}


def store(observations: Iterable[Observation], file: Path) -> None:
    """Keep what was seen, for the report of a run that may yet be interrupted."""
    file.write_text(json.dumps([asdict(one) for one in observations]))


def stored(file: Path) -> list[Observation]:
    """What was seen; nothing where no test came so far."""
    return [Observation(**one) for one in json.loads(file.read_text())] if file.exists() else []


def report(observations: Iterable[Observation], page: str, where: str, day: str) -> str:
    """The report in Markdown, fit to be pasted: each assumption, whether it held, what was seen."""
    known, why = assumptions(page), reasons(page)
    seen: dict[str, list[Observation]] = {}
    for one in observations:
        seen.setdefault(one.id, []).append(one)
    rows = [_row(name, text, seen.get(name, []), why.get(name, "")) for name, text in known.items()]
    looked = [name for name, looks in seen.items() if any(one.held is not None for one in looks)]
    false = [name for name, looks in seen.items() if any(one.held is False for one in looks)]
    summary = f"{len(looked)} of {len(known)} assumptions were looked at; " + (
        f"**these did not hold: {', '.join(false)}**." if false else "all of these held."
    )
    head = f"### What held of docs/azure-truth.md on {where}, {day}\n\n{summary}\n"
    return "\n".join([head, "| # | assumption | held | seen |", "| --- | --- | --- | --- |", *rows, ""])


def _row(name: str, text: str, looks: list[Observation], why: str) -> str:
    made = [one for one in looks if one.held is not None]
    if not made:
        return f"| {name} | {text} | not looked at | {_cell(one.saw for one in looks) or why} |"
    false = [one.saw for one in made if not one.held]
    return f"| {name} | {text} | {'**no**' if false else 'yes'} | {_cell(false or [made[-1].saw])} |"


def _cell(texts: Iterable[str]) -> str:
    """Fit for a cell of a table."""
    return "; ".join(dict.fromkeys(text.replace("|", "\\|").replace("\n", " ")[:300] for text in texts))
