"""Engine, driver, journal and a model of Azure under one seeded clock: the invariants hold in every history.

`python -m tests.rollout.simulation` runs as many as one likes; a seed that fails goes into its `seeds.txt`.
"""

import pytest

from tests.rollout.simulation.__main__ import known, simulate
from tests.rollout.simulation.mutants import MUTANTS, planted

pytestmark = pytest.mark.thorough
HISTORIES, CHUNK = 10_000, 1_000
ENOUGH = 1_000
"""Histories in which a planted fault has to show; most show in the first hundred."""


def test_seeds_that_once_found_something_find_nothing_any_more() -> None:
    assert simulate(known())[1] == []


@pytest.mark.parametrize("first", range(0, HISTORIES, CHUNK))
def test_the_invariants_hold_in_every_history(first: int) -> None:
    ends, wrong = simulate(range(first, first + CHUNK))
    assert wrong == []
    # A model in which everything ends in the same way would show nothing.
    assert {"succeeded", "rolled back", "aborted", "superseded"} <= ends.keys() and ends[
        "kills survived"
    ] > 500


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_fault_is_found(name: str) -> None:
    with planted(MUTANTS[name]):
        seeds = iter([*known(), *range(ENOUGH)])
        assert any(simulate([seed])[1] for seed in seeds)
