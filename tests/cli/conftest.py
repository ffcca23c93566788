"""Clones of the project to run whole commands in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.clones import TestClone, make
from tests.fixtures.scoring_folder import write_file, write_scoring_folder

ENDPOINTS = """\
  azml:endpoints:
    # Says what its model says.
    echo:
      deployments:
        blue: {file: deployment.yml} # the first
      traffic: {blue: 100} # all of it
"""


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[TestClone]:
    """A clone that serves one small model, whose environment is quick to start."""
    clone = make(tmp_path / "clone with a space")
    folder = write_scoring_folder(clone.root / "scoring" / "echo")
    write_file(folder / "requests" / "sample.json", "{}\n")
    before, _, _ = clone.stack_file.read_text().partition("  azml:endpoints:")
    clone.stack_file.write_text(before + ENDPOINTS)
    yield clone
    clone.run("emulator", "stop")  # its folder goes with the tests, and nobody reads what a destroy says
