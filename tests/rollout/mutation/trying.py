"""Tries mutants on tests that are loaded once: each in a copy of this process, until a test fails.

Which functions of ours a test calls is found out first, so that a mutant meets only tests that reach it, the
quickest ones before all others.
"""

import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import process_time
from types import FrameType
from typing import NamedTuple

import pytest

from tests.rollout.mutation.operators import Mutant
from tests.rollout.mutation.planting import forget, plant

SOURCES = str(Path(__file__).parents[3] / "azml/rollout")
LEAST, TIMES = 3.0, 10.0
"""A test hangs, and has found a mutant, after so many seconds of the processor, and times its usual ones."""
MEMORY = 4 << 30
"""Bytes: what asks for more has found one too."""
HISTORIES = 150
"""Simulated histories for what no test has found, where simulated histories reach it."""
SIMULATED = "test_simulation.py"


class Reached(NamedTuple):
    """What a test calls: functions as `engine.decide`; and the seconds of the processor it takes."""

    item: pytest.Item
    functions: frozenset[str]
    seconds: float


class Trial:
    """A plugin for pytest that has the tests run on mutants, in place of once."""

    def __init__(self, mutants: Sequence[Mutant], given: Callable[[Mutant, bool], None]) -> None:
        self.mutants = mutants
        self.told = given
        self.failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Whether a test has failed."""
        self.failed = self.failed or report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """All mutants, each in a process of its own."""
        reached = sorted((self._reached(item) for item in session.items), key=lambda one: one.seconds)
        if self.failed:
            raise pytest.UsageError("a test fails without any mutant")
        for mutant in self.mutants:
            name = f"{mutant.module}.{mutant.function}"
            tests = [one for one in reached if name in one.functions]
            self.told(mutant, _in_a_copy(partial(self._found, mutant, tests)))
        return True

    def _reached(self, item: pytest.Item) -> Reached:
        forget()
        functions: set[str] = set()
        before = process_time()
        with _watched(functions):
            self._run(item)
        return Reached(item, frozenset(functions), process_time() - before)

    def _run(self, item: pytest.Item) -> None:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)

    def _found(self, mutant: Mutant, tests: Sequence[Reached]) -> bool:
        plant(mutant)
        for one in tests:
            signal.setitimer(signal.ITIMER_PROF, LEAST + TIMES * one.seconds)
            self._run(one.item)
            if self.failed:
                return True
        if any(one.item.path.name == SIMULATED for one in tests):
            from tests.rollout.simulation.__main__ import simulate

            signal.setitimer(signal.ITIMER_PROF, 60.0)
            return bool(simulate(range(HISTORIES))[1])
        return False


def _in_a_copy(work: Callable[[], bool]) -> bool:
    """What work answers in a copy of this process; also true where that one does not come to an end."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
    found = True
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        found = work()
    finally:
        os._exit(int(found))


@contextmanager
def _watched(functions: set[str]) -> Iterator[None]:
    """Add the functions of ours that are called."""
    seen: set[object] = set()

    def called(frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        if code not in seen:
            seen.add(code)
            if code.co_filename.startswith(SOURCES):
                module = code.co_filename[len(SOURCES) + 1 : -3].replace("/", ".")
                functions.add(f"{module}.{code.co_qualname.partition('.<locals>')[0]}")

    sys.setprofile(called)
    try:
        yield
    finally:
        sys.setprofile(None)
