"""The arrows between packages, as pyproject.toml draws them."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[1]


def test_every_import_follows_the_arrows() -> None:
    command = [str(Path(sys.prefix, "bin", "lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
