"""`make verify-azure`, with the local Azure in the place of a subscription."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys import truth

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
PAGE = "| a-1 | it is so | a book | by itself | never |\n| a-2 | it is not | a book | not shown | never |\n"


def test_a_journey_runs_through_and_what_held_is_told(tmp_path: Path) -> None:
    """Everything is removed at the end, and each assumption that was looked at held.

    One journey of three, for its time: `make verify-azure SUBSCRIPTION=local` runs them all. What the others
    see, tests/stack/test_truth.py and tests/cli/test_release_and_rollback.py have happen too.
    """
    report = tmp_path / "report.md"
    command = [sys.executable, "-m", "tests.journeys", "local", "--yes", "--report", str(report)]
    command += ["-k", "how_azure_answers"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=290, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "about 1 US dollar" in done.stdout
    assert re.search(r"removing /subscriptions/\S+/resourceGroups/rg-azml-verify-\w+", done.stderr)
    text = report.read_text()
    assert "all of these held" in text
    looked = [name for name in truth.assumptions(truth.PAGE.read_text()) if f"| {name} |" in text]
    assert len(looked) > 60
    assert len(re.findall(r"\| yes \|", text)) >= 12


def test_a_question_is_asked_before_anything_is_made(tmp_path: Path) -> None:
    """And who says no has spent nothing."""
    command = [sys.executable, "-m", "tests.journeys", "local", "--report", str(tmp_path / "report.md")]
    done = subprocess.run(
        command, cwd=ROOT, input="n\n", capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert "Run it in subscription" in done.stdout
    assert "removing" not in done.stderr
    assert not (tmp_path / "report.md").exists()


def test_a_report_says_what_did_not_hold() -> None:
    seen = [truth.Observation("a-1", True, "so"), truth.Observation("a-2", False, "a | b")]
    text = truth.report(seen, truth.assumptions(PAGE), "Azure, westeurope", "2026-11-25")
    assert "**these did not hold: a-2**" in text
    assert "| a-1 | it is so | yes | so |" in text
    assert "| a-2 | it is not | **no** | a \\| b |" in text
    unseen = truth.report([], truth.assumptions(PAGE), "Azure, westeurope", "2026-11-25")
    assert "0 of 2 assumptions were looked at" in unseen
    assert "| a-1 | it is so | not looked at | |" in unseen
