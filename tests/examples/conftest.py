"""A clone in which `azml up` has run, as the examples expect it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.clones import TestClone, make


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClone]:
    folder: Path = tmp_path_factory.mktemp("examples") / "clone"
    clone = make(folder)
    try:
        done = clone.run("up")
        assert done.returncode == 0, done.stdout + done.stderr
        yield clone
    finally:
        clone.run("down")
