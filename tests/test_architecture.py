"""The arrows between packages, as pyproject.toml draws them."""

import subprocess
import sys
from pathlib import Path

import pytest

from azml.azure import endpoints
from components import deployment

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[1]


def test_every_import_follows_the_arrows() -> None:
    command = [str(Path(sys.prefix, "bin", "lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_stack_sets_the_tag_that_the_guard_reads() -> None:
    assert deployment.SERVES_TAG == endpoints.SERVES_TAG
