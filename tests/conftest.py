"""What every test's local Azure saw and answered is compared with Azure's own clients when the tests end."""

import os
from collections.abc import Iterator

import pytest

from azml.emulator.control.exchanges import VARIABLE
from tests.contract.check import findings


@pytest.fixture(scope="session", autouse=True)
def exchanges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A file of this worker's in which each local Azure of its tests notes its exchanges."""
    file = tmp_path_factory.mktemp("exchanges") / "exchanges.jsonl"
    os.environ[VARIABLE] = str(file)
    yield
    del os.environ[VARIABLE]
    found = findings(file)
    assert not found, "\n".join(["no client of Azure would send or take this:", *found])
