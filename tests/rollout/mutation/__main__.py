"""How many small faults of `azml/rollout/` its tests find: `python -m tests.rollout.mutation engine moves`.

What survives is printed, unless `explained.txt` says why no test can find it. Exit code 1: something survived
without an explanation, or an explanation is of no use any more.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

import hypothesis
import pytest

from tests.rollout.mutation.operators import Mutant, mutants
from tests.rollout.mutation.planting import PACKAGE
from tests.rollout.mutation.trying import Trial

HERE = Path(__file__).parents[1]
SOURCES = HERE.parents[1].joinpath(*PACKAGE.split("."))
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
        self.survived: list[Mutant] = []
        self.useless: list[str] = []

    def count(self, mutant: Mutant, found: bool) -> None:
        """One more; a module that is through is told with its figures."""
        if self.tried and mutant.module not in self.tried:
            self._row(next(reversed(self.tried)))
        self.tried[mutant.module] += 1
        self.found[mutant.module] += found
        if found and mutant.name in self.explained:
            self.useless.append(mutant.name)
        elif not found and mutant.name not in self.explained:
            self.survived.append(mutant)
            print(f"{mutant.module}.py:{mutant.line} survived\n{mutant.name}", flush=True)

    def show(self) -> int:
        """The sums; 1 where something is left to do."""
        for module in [*self.tried][-1:]:
            self._row(module)
        for name in self.useless:
            print(f"explained, and found: {name}")
        print(f"{self.tried.total()} mutants, {self.found.total()} found, {len(self.survived)} not explained")
        return 1 if self.survived or self.useless else 0

    def _row(self, module: str) -> None:
        tried, found = self.tried[module], self.found[module]
        reasons = tried - found - sum(one.module == module for one in self.survived)
        print(f"{module:<16}{found:>5} of {tried:>5} found, {reasons:>3} explained", flush=True)


def explained() -> frozenset[str]:
    """The names in `explained.txt`. Raises SystemExit for one that no mutant has."""
    lines = EXPLAINED.read_text(encoding="utf-8").splitlines()
    names = frozenset(line for line in lines if line and not line.startswith("#"))
    if unknown := names - {one.name for one in chosen([])}:
        raise SystemExit("\n".join(f"explained, and no mutant: {name}" for name in sorted(unknown)))
    return names


def chosen(names: Iterable[str]) -> list[Mutant]:
    """The mutants of these modules and functions (`engine`, `engine.decide`), without names all."""
    wanted = set(names)
    found = []
    for path in sorted(SOURCES.rglob("*.py")):
        module = ".".join(path.relative_to(SOURCES).with_suffix("").parts)
        for one in mutants(path.read_text(encoding="utf-8"), module):
            if not wanted or {module, f"{module}.{one.function}"} & wanted:
                found.append(one)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Try mutants, and say what became of them."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("names", nargs="*", help="modules or functions, as engine or engine.decide")
    asked.add_argument("--sample", type=int, default=0, metavar="N", help="N mutants, drawn by --seed")
    asked.add_argument("--seed", type=int, default=0)
    options = asked.parse_args(arguments)
    tried = chosen(options.names)
    if options.sample:
        places = Random(options.seed).sample(range(len(tried)), min(options.sample, len(tried)))
        tried = [tried[place] for place in sorted(places)]
    every = list(hypothesis.HealthCheck)
    hypothesis.settings.register_profile(
        "mutation", deadline=None, database=None, derandomize=True, suppress_health_check=every
    )
    hypothesis.settings.load_profile("mutation")
    score = Score(explained())
    ended = pytest.main([*_options(), *map(str, _files())], plugins=[Trial(tried, score.count)])
    return score.show() if ended == pytest.ExitCode.OK else 2


def _files() -> list[Path | str]:
    files = [path for path in sorted(HERE.glob("test_*.py")) if path.name not in LEFT_OUT]
    return [f"{path}::{KNOWN_SEEDS}" if path.name == "test_simulation.py" else path for path in files]


def _options() -> list[str]:
    without = [f"-p no:{name}" for name in ("cacheprovider", "randomly", "terminal")]
    return ["--assert=plain", "-o", "addopts=", "--capture=fd", *" ".join(without).split()]


if __name__ == "__main__":
    sys.exit(main())
