"""Tries mutants on tests that are loaded once: each in a copy of this process, until a test fails.

What counts is a test that fails, or one that comes to no end. A copy that ends in any other way stops the
count: a process that the machine had no memory for has found nothing.
"""

import gc
import os
import resource
import signal
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from tests.rollout.mutation.memory import Result
from tests.rollout.mutation.operators import Mutant
from tests.rollout.mutation.planting import forget, plant
from tests.rollout.mutation.reaching import Reaching, Test

LEAST, TIMES = 3.0, 4.0
"""A test hangs, and has found a mutant, after so many seconds of the processor, and so many times its own."""
MEMORY = 4 << 30
"""Bytes: a test that asks for more fails."""
SURVIVED = "survived"
QUICK, RECENT = 0.2, 3
"""Of tests that take fewer seconds, so many that have found a mutant lately are tried before all others."""

Tries = Callable[[Mutant, Sequence[Test], int], None]
"""What a copy does: it tries tests on a mutant, and answers into a pipe."""


class Trial:
    """A plugin for pytest that has the tests run on mutants, in place of once.

    `likely` names the test that had found a mutant before, and `given` is told what became of each. What
    tests reach is kept in `folder`.
    """

    def __init__(
        self,
        mutants: Sequence[Mutant],
        likely: Callable[[Mutant], str],
        given: Callable[[Mutant, Result], None],
        folder: Path,
    ) -> None:
        self.mutants = mutants
        self.likely = likely
        self.given = given
        self.folder = folder
        self.pipe: int | None = None
        self.failed: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """A test that fails: a copy ends at once, without a report."""
        if call.excinfo is None or call.excinfo.errisinstance(pytest.skip.Exception):
            return
        self.failed.append(f"{item.nodeid}: {call.excinfo.exconly()}")
        if self.pipe is not None:
            _answer(self.pipe, item.nodeid)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """All mutants, each in a process of its own."""
        reaching = Reaching(session.items, _run, self.folder)
        if self.failed:
            raise pytest.UsageError("tests fail without any mutant", *self.failed)
        gc.collect()
        gc.freeze()
        recent: list[str] = []
        for mutant in self.mutants:
            tests = _ordered(reaching.tests_of(mutant), self.likely(mutant), recent)
            result = in_a_copy(mutant, tests, self._try)
            if result.found:
                recent = [result.test, *(one for one in recent if one != result.test)]
            self.given(mutant, result)
        return True

    def _try(self, mutant: Mutant, tests: Iterable[Test], pipe: int) -> None:
        """In the copy: each test is named before it runs, so that it is known which one does not end."""
        self.pipe = pipe
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        plant(mutant)
        for one in tests:
            os.write(pipe, f"{one.item.nodeid}\n".encode())
            signal.setitimer(signal.ITIMER_PROF, LEAST + TIMES * one.seconds)
            _run(one.item)
        _answer(pipe, SURVIVED)


def in_a_copy(mutant: Mutant, tests: Sequence[Test], tries: Tries) -> Result:
    """What a copy of this process answers, or which test it was at when its time was over."""
    readable, writable = os.pipe()
    child = os.fork()
    if not child:
        try:
            tries(mutant, tests, writable)
        finally:
            os._exit(1)
    os.close(writable)
    with os.fdopen(readable, "rb") as answers:
        told = answers.read().decode().splitlines()
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if ended == -signal.SIGPROF and told:
        return Result(told[-1], hung=True)
    if ended or not told:
        raise pytest.UsageError(f"{mutant.name}: its process ended with {ended}, at {told[-1:]}")
    return Result("" if told[-1] == SURVIVED else told[-1])


def _answer(pipe: int, said: str) -> NoReturn:
    os.write(pipe, said.encode())
    os._exit(0)


def _run(item: pytest.Item) -> None:
    forget()
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)


def _ordered(tests: Sequence[Test], likely: str, recent: Sequence[str]) -> list[Test]:
    """The likely one, then a few that have found others, then all, none of them twice."""
    by_name = {one.item.nodeid: one for one in tests}
    quick = [name for name in recent if name in by_name and by_name[name].seconds < QUICK][:RECENT]
    names = dict.fromkeys([*([likely] if likely in by_name else []), *quick, *by_name])
    return [by_name[name] for name in names]
