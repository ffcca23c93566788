"""Which lines of ours each test runs: a mutant meets only the tests that run its statement."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import coverage
import pytest

from tests.rollout.mutation.memory import digest_of
from tests.rollout.mutation.operators import Mutant

TESTS = Path(__file__).parents[1]
SOURCES = TESTS.parents[1] / "azml/rollout"
Run = Callable[[pytest.Item], None]


class Test(NamedTuple):
    """A test, the seconds of the processor it takes while it is watched, and the lines it runs by modules."""

    item: pytest.Item
    seconds: float
    lines: dict[str, list[int]]


class Reaching:
    """All tests, run once without any mutant. What was found out is kept for each file of tests in `folder`.

    It holds until that file, or what all of them use, is changed.
    """

    def __init__(self, items: Iterable[pytest.Item], run: Run, folder: Path) -> None:
        self.tests: list[Test] = []
        every = [path for path in TESTS.rglob("*.py") if path.parent != Path(__file__).parent]
        self.common = [path for path in every if not path.name.startswith("test_")]
        for path, some in groupby(sorted(items, key=lambda item: item.path), lambda item: item.path):
            self.tests += self._of_file(path, list(some), run, folder / f"{path.stem}.json")
        self.tests.sort(key=lambda one: one.seconds)

    def tests_of(self, mutant: Mutant) -> list[Test]:
        """The tests that run its statement, the quickest first."""
        lines = set(mutant.lines)
        return [one for one in self.tests if not lines.isdisjoint(one.lines.get(mutant.module, ()))]

    def _of_file(self, path: Path, items: Sequence[pytest.Item], run: Run, kept: Path) -> Iterator[Test]:
        digest = digest_of([*SOURCES.rglob("*.py"), *self.common, path])
        known = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
        if known.get("digest") != digest or any(item.name not in known["tests"] for item in items):
            known = {"digest": digest, "tests": _watched(items, run)}
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(known), encoding="utf-8")
        for item in items:
            yield Test(item, *known["tests"][item.name])


def _watched(items: Iterable[pytest.Item], run: Run) -> dict[str, Any]:
    """Seconds and lines of each, by their names."""
    watch = coverage.Coverage(data_file=None, config_file=False, include=[f"{SOURCES}/*"])
    seconds = {}
    watch.start()
    for item in items:
        watch.switch_context(item.name)
        before = process_time()
        run(item)
        seconds[item.name] = process_time() - before
    watch.stop()
    lines: dict[str, dict[str, list[int]]] = {name: {} for name in seconds}
    data = watch.get_data()
    for file in data.measured_files():
        module = ".".join(Path(file).relative_to(SOURCES).with_suffix("").parts)
        for line, names in data.contexts_by_lineno(file).items():
            for name in filter(None, names):
                lines[name].setdefault(module, []).append(line)
    return {name: (took, lines[name]) for name, took in seconds.items()}
