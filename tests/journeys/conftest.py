"""The Azure the journeys run on, and the record of what they see of it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys import truth
from tests.journeys.azure import Azure, handed_over, on_this_machine

RECORD = "AZML_JOURNEYS_RECORD"
"""The variable that names the file to keep observations in."""

Assume = Callable[[str, bool, object], None]


@pytest.fixture(scope="session")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    """The Azure that was handed over, else a local one for these tests."""
    found = handed_over()
    if found:
        yield found
        return
    with on_this_machine(tmp_path_factory.mktemp("journeys")) as own:
        yield own


@pytest.fixture(scope="session")
def assume(azure: Azure) -> Assume:
    """`assume(id, held, saw)` notes whether an assumption of docs/azure-truth.md held, and what was seen.

    The local Azure must do what the page says, so there it is an assertion. On Azure the journey goes on: the
    page is what is on trial.
    """
    known = truth.assumptions(truth.PAGE.read_text())
    record = os.environ.get(RECORD)
    seen: list[truth.Observation] = []

    def look(name: str, held: bool, saw: object) -> None:
        assert name in known, f"docs/azure-truth.md has no row {name}"
        seen.append(truth.Observation(name, held, str(saw)))
        if record:
            truth.store(seen, Path(record))
        if azure.local:
            assert held, f"{name}: {known[name]} But: {saw}"

    return look
