"""How many small faults of `azml/rollout/` its tests find: `python -m tests.rollout.mutation engine moves`.

Each mutant runs in a process of its own that has loaded pytest and nothing of ours yet: first some simulated
histories, then the tests named below, until one fails. What survives is printed. `--sample` takes some of the
mutants only, by `--seed`.
"""

import argparse
import importlib.abc
import importlib.util
import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib.machinery import ModuleSpec
from pathlib import Path
from random import Random
from types import CodeType, ModuleType

import hypothesis  # noqa: F401 - loaded once, before the processes of the mutants
import pytest

from tests.rollout.mutation.operators import Mutant, mutants

HERE = Path(__file__).parents[1]
PACKAGE = HERE.parents[1] / "azml/rollout"
HISTORIES, SECONDS = 60, 120
"""Simulated histories for each mutant, and seconds of the processor after which it hangs, and is found."""
DRIVEN = (
    "test_document",
    "test_waiting",
    "test_starting",
    "test_driver",
    "test_engine",
    "test_their_failures",
)
TESTS = {
    "engine": DRIVEN,
    "moves": DRIVEN,
    "replaying": DRIVEN,
    "wishes": DRIVEN,
    "waiting": DRIVEN,
    "observing": DRIVEN,
    "driver": DRIVEN,
    "starting": DRIVEN,
    "document": DRIVEN,
    "records": ("test_journal", "test_document"),
    "journal": ("test_journal", "test_document"),
    "verdicts": ("test_verdicts", "test_engine"),
    "evidence": ("test_evidence",),
    "comparison": ("test_comparison", "test_verdicts"),
    "intervals": ("test_intervals",),
    "looks": ("test_verdicts", "test_engine"),
    "answers": ("test_answers",),
    "checks": ("test_reading",),
}
FOUND, SURVIVED = 1, 0


class Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from a mutant's code."""

    def __init__(self, name: str, code: CodeType) -> None:
        self.name = name
        self.code = code

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        """The module itself, and no other."""
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the mutant."""
        exec(self.code, vars(module))


def survives(module: str, mutant: Mutant) -> bool:
    """Whether no test finds the mutant, tried in a process of its own."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status) == SURVIVED
    code = FOUND
    try:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        planted = Planted(f"azml.rollout.{module}", compile(mutant.tree, module, "exec"))
        sys.meta_path.insert(0, planted)
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            code = _tried(module)
    finally:
        os._exit(code)


def _tried(module: str) -> int:
    if TESTS[module] is DRIVEN:
        from tests.rollout.simulation.__main__ import known, simulate  # with the mutant in it

        if simulate([*known(), *range(HISTORIES)])[1]:
            return FOUND
    files = [str(HERE / f"{name}.py") for name in TESTS[module]]
    options = ["-x", "-q", "--assert=plain", "-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:randomly"]
    return SURVIVED if pytest.main([*options, *files]) == pytest.ExitCode.OK else FOUND


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the mutants of the named modules, of all without a name; exit code 1 when one survived."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("modules", nargs="*")
    asked.add_argument("--sample", type=int, default=0, metavar="N", help="N mutants of each module")
    asked.add_argument("--seed", type=int, default=0)
    options = asked.parse_args(arguments)
    tried = left = 0
    for module in options.modules or TESTS:
        every = list(mutants((PACKAGE / f"{module}.py").read_text(encoding="utf-8")))
        chosen = every
        if options.sample:
            chosen = Random(options.seed).sample(every, min(options.sample, len(every)))
        survivors = [one for one in chosen if survives(module, one)]
        for one in survivors:
            print(f"  {module}.py:{one.line}: {one.what}")
        print(f"{module:<12}{len(chosen) - len(survivors):>5} of {len(chosen):>4} found", flush=True)
        tried, left = tried + len(chosen), left + len(survivors)
    print(f"{tried - left} of {tried} mutants found ({(tried - left) / tried:.1%})")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
