"""What a local Azure of any worker answers fails the tests where no client of Azure would take it."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

TEST = """
from azml.emulator.control.http.exchanges import from_environment

def test_whatever():
    from_environment().add("GET", "/subscriptions/s", None, 400, b'{"error": {}}')
"""


def test_an_answer_of_a_worker_s_azure_fails_the_run(tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text(TEST)
    (tmp_path / "none.ini").write_text("")
    options = ["-n", "1", "-c", str(tmp_path / "none.ini"), "-p", "no:cacheprovider", "-p", "no:randomly"]
    command = [sys.executable, "-m", "pytest", *options, "-p", "tests.contract.session", str(tmp_path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert "1 passed, 1 error in" in done.stdout.splitlines()[-1], done.stdout + done.stderr
    assert done.returncode == 1
    assert "GET /subscriptions/s -> 400: a refusal without code and message: {'error': {}}" in done.stdout
