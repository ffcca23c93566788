"""Faults planted in the engine and its driver by hand: a simulation that misses one proves nothing.

Each takes the place of one line of one function, for as long as it is planted.
"""

import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple

from azml.rollout.deciding import engine, replaying
from azml.rollout.driving import driver


class Mutant(NamedTuple):
    """In `function` of `owner`, which is a module or a class, `right` becomes `wrong`."""

    owner: Any
    function: str
    right: str
    wrong: str


MUTANTS = {
    "confirms before its write has succeeded": Mutant(
        engine, "_confirm", "state.written is not None and seen.shares == intended", "seen.shares == intended"
    ),
    "gives a share to who is not ready": Mutant(engine, "_shift", "if not seen.ready:", "if False:"),
    "mirrors and serves at once": Mutant(
        engine, "_shift", "if state.shares.mirror and wanted.candidate:", "if False:"
    ),
    "goes on before the time is over": Mutant(
        engine, "_judged", "if state.measured < least(plan.steps[state.step]):", "if False:"
    ),
    "goes on without a verdict": Mutant(
        engine,
        "_judged",
        "return _undecided(plan, state, seen, found, now)",
        "return (Append(journal.Advanced(now, 'x')),)",
    ),
    "withdraws what nothing is known of": Mutant(
        engine,
        "_judged",
        "return (Append(journal.Paused(now, decides.why)),)",
        "return _withdraw(state, seen, 'x', now)",
    ),
    "moves what somebody else has moved": Mutant(engine, "_moved", "if shares in state.earlier and", "if"),
    "looks too often": Mutant(engine, "_in_step", "if gap < plan.interval and gates:", "if False:"),
    "forgets the deadline": Mutant(engine, "_late", "if took <= plan.deadline:", "if True:"),
    "goes back to nobody": Mutant(engine, "_back", "_write(state.back, now)", "_write(Shares(0, 0), now)"),
    "goes on while paused": Mutant(engine, "_rests", " or state.phase is Phase.PAUSED", ""),
    "counts time in which nothing was found out": Mutant(
        replaying, "_looked", "if whole else 0.0", "if True else 0.0"
    ),
    "shares out the wrong way round": Mutant(
        engine,
        "target",
        "return Shares(100 - step.percent, step.percent)",
        "return Shares(step.percent, 100 - step.percent)",
    ),
    "asks nobody whether another one has the lease": Mutant(
        driver.Driver, "turn", "if document.head.held(self.holder, self._now):", "if False:"
    ),
    "writes after its lease": Mutant(
        driver.Driver,
        "_write",
        "if self._valid_until - self.ports.clock.now() < self.lease / 3:",
        "if False:",
    ),
    "writes before it says so": Mutant(
        driver.Driver,
        "_carry_out",
        "self._append(*entries)\n        entries = []",
        "pass",
    ),
}


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """The mutant takes its function's place, in the module and in the driver, and gives it back."""
    module = mutant.owner if isinstance(mutant.owner, ModuleType) else driver
    whole = getattr(mutant.owner, mutant.function)
    source = textwrap.dedent(inspect.getsource(whole))
    assert mutant.right in source, f"{mutant.function} has changed"
    made: dict[str, Any] = {}
    wrong = source.replace(mutant.right, mutant.wrong, 1)
    exec(compile(wrong, "mutant", "exec"), vars(module), made)
    users = [mutant.owner, *([driver] if hasattr(driver, mutant.function) else [])]
    for user in users:
        setattr(user, mutant.function, made[mutant.function])
    try:
        yield
    finally:
        for user in users:
            setattr(user, mutant.function, whole)
