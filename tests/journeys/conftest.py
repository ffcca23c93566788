"""The Azure the journeys run on, and the record of what they see of it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys import truth
from tests.journeys.azure import Azure
from tests.journeys.starting import handed_over, on_this_machine
from tests.journeys.truth import Assume

RECORD = "AZML_JOURNEYS_RECORD"
"""The variable that names the file to keep observations in."""


@pytest.fixture(scope="session")
def journey_azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    """The Azure that was handed over, else a local one for these tests."""
    found = handed_over()
    if found:
        yield found
        found.close()
        return
    with on_this_machine(tmp_path_factory.mktemp("journeys")) as own:
        yield own
        own.close()


@pytest.fixture(scope="session")
def assume(journey_azure: Azure) -> Assume:
    """What was assumed, against what is seen."""
    record = os.environ.get(RECORD)
    known = truth.assumptions(truth.PAGE.read_text())
    return Assume(known, Path(record) if record else None, strict=journey_azure.local)
