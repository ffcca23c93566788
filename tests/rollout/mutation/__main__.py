"""How many small faults of `azml/rollout/` its tests find: `python -m tests.rollout.mutation driving.driver`.

What survives is printed, unless `explained.txt` says why no test can find it. Exit code 1: something survived
without an explanation, or an explanation is of no use any more. Results are kept in a file (`--results`): a
count that was interrupted goes on, and `--again` counts everything anew.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import hypothesis
import pytest

from tests.rollout.mutation.memory import Memory, Result
from tests.rollout.mutation.operators import Mutant, mutants
from tests.rollout.mutation.planting import PACKAGE
from tests.rollout.mutation.trying import Trial

HERE = Path(__file__).parents[1]
SOURCES = HERE.parents[1].joinpath(*PACKAGE.split("."))
"""All modules of it are pure enough: some read files, and none waits, writes, or knows a network."""
EXPLAINED = Path(__file__).with_name("explained.txt")
"""Mutants that behave as the code does, by their names, each after a comment that says why."""
LEFT_OUT = ("test_mutation.py", "test_reliability.py")
"""Tests of other things, or of the same at greater length."""
KNOWN_SEEDS = "test_seeds_that_once_found_something_find_nothing_any_more"
"""Of the simulation's tests, the quick one."""


class Score:
    """What became of each mutant, by modules."""

    def __init__(self, explained: frozenset[str]) -> None:
        self.explained = explained
        self.tried: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.hung: Counter[str] = Counter()
        self.survived: list[Mutant] = []
        self.useless: list[str] = []

    def count(self, mutant: Mutant, result: Result) -> None:
        """One more."""
        self.tried[mutant.module] += 1
        self.found[mutant.module] += result.found
        self.hung[mutant.module] += result.hung
        if result.found and mutant.name in self.explained:
            self.useless.append(mutant.name)
        elif not result.found and mutant.name not in self.explained:
            self.survived.append(mutant)
            print(f"{mutant.module}.py:{mutant.line} survived\n{mutant.name}", flush=True)

    def show(self) -> int:
        """The figures of each module, and their sums; 1 where something is left to do."""
        print(f"{'module':<24}{'mutants':>8}{'found':>8}{'hung':>8}{'explained':>10}{'survived':>10}")
        survived = Counter(one.module for one in self.survived)
        for module, tried in sorted(self.tried.items()):
            self._row(module, tried, self.found[module], self.hung[module], survived[module])
        self._row("", self.tried.total(), self.found.total(), self.hung.total(), len(self.survived))
        for name in self.useless:
            print(f"explained, and found: {name}")
        return 1 if self.survived or self.useless else 0

    def _row(self, module: str, tried: int, found: int, hung: int, survived: int) -> None:
        print(f"{module:<24}{tried:>8}{found:>8}{hung:>8}{tried - found - survived:>10}{survived:>10}")


def explained() -> frozenset[str]:
    """The names in `explained.txt`. Raises SystemExit for one that no mutant has."""
    lines = EXPLAINED.read_text(encoding="utf-8").splitlines()
    names = frozenset(line for line in lines if line and not line.startswith("#"))
    if unknown := names - {one.name for one in chosen([])}:
        raise SystemExit("\n".join(f"explained, and no mutant: {name}" for name in sorted(unknown)))
    return names


def chosen(names: Iterable[str]) -> list[Mutant]:
    """The mutants of these modules and functions (`deciding.engine`, `deciding.moves.least`), all by default.

    Those of small modules come first, so that many modules are through early.
    """
    wanted = set(names)
    found = []
    for path in sorted(SOURCES.rglob("*.py"), key=lambda path: (path.stat().st_size, path)):
        module = ".".join(path.relative_to(SOURCES).with_suffix("").parts)
        for one in mutants(path.read_text(encoding="utf-8"), module):
            if not wanted or {module, f"{module}.{one.function}"} & wanted:
                found.append(one)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Try mutants, and say what became of them."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument(
        "names", nargs="*", help="modules or functions, as deciding.moves or deciding.moves.least"
    )
    asked.add_argument("--tests", nargs="+", default=[], metavar="FILE", help="only the tests of these files")
    asked.add_argument("--results", type=Path, default=default_results(), metavar="FILE")
    asked.add_argument("--again", action="store_true", help="try also what the file of results has")
    options = asked.parse_args(arguments)
    score, memory = Score(explained()), Memory(options.results, _sources())
    left = []
    for one in chosen(options.names):
        if one.name in memory.sure and not options.again:
            score.count(one, memory.sure[one.name])
        else:
            left.append(one)

    def given(mutant: Mutant, result: Result) -> None:
        if result.found or not options.tests:
            memory.keep(mutant.name, result)
        score.count(mutant, result)

    _same_each_time()
    trial = Trial(
        left,
        lambda one: memory.before.get(one.name, Result("")).test,
        given,
        options.results.parent / "reached",
    )
    files = options.tests or _files()
    ended = pytest.main([*_options(), *map(str, files)], plugins=[trial]) if left else pytest.ExitCode.OK
    return score.show() if ended == pytest.ExitCode.OK else 2


def _same_each_time() -> None:
    """The same examples in each run, and a failing one is not made smaller: nobody looks at it."""
    hypothesis.settings.register_profile(
        "mutation",
        deadline=None,
        database=None,
        derandomize=True,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
        report_multiple_bugs=False,
    )
    hypothesis.settings.load_profile("mutation")


def default_results() -> Path:
    """A file of the user's, outside the project."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "azml" / "mutants.jsonl"


def _sources() -> list[Path]:
    tests = [path for path in HERE.rglob("*.py") if path.name not in LEFT_OUT]
    return [*SOURCES.rglob("*.py"), *tests, *HERE.rglob("seeds.txt")]


def _files() -> list[Path | str]:
    files = [path for path in sorted(HERE.glob("test_*.py")) if path.name not in LEFT_OUT]
    return [f"{path}::{KNOWN_SEEDS}" if path.name == "test_simulation.py" else path for path in files]


def _options() -> list[str]:
    without = [f"-p no:{name}" for name in ("cacheprovider", "randomly", "terminal")]
    return ["--assert=plain", "-o", "addopts=", "-o", "timeout=0", "--capture=fd", *" ".join(without).split()]


if __name__ == "__main__":
    sys.exit(main())
