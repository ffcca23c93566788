"""`make verify-azure`, with the local Azure in the place of a subscription."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.fixtures.clones import TestClone
from tests.fixtures.waiting import eventually
from tests.journeys import truth

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
PAGE = """\
| a-1 | it is so | a book | by itself | never |
| a-2 | it is not | a book | not shown | never; not looked at: takes a year |
"""


def test_a_journey_runs_through_and_what_held_is_told(tmp_path: Path) -> None:
    """Everything is removed at the end, and each assumption that was looked at held.

    One journey of four, for its time: `make verify-azure SUBSCRIPTION=local` runs them all. What the others
    see, tests/stack/test_truth.py and tests/cli/commands/test_release_and_rollback.py have happen too.
    """
    report = tmp_path / "report.md"
    command = [sys.executable, "-m", "tests.journeys", "local", "--yes", "--report", str(report)]
    command += ["-k", "how_azure_answers"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=290, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "about 1 US dollar" in done.stdout
    assert "nothing of it is left" in done.stderr
    assert re.search(r"removing /subscriptions/\S+/resourceGroups/rg-azml-verify-\w+", done.stderr)
    text = report.read_text()
    assert "all of these held" in text
    looked = [name for name in truth.assumptions(truth.PAGE.read_text()) if f"| {name} |" in text]
    assert len(looked) > 60
    assert len(re.findall(r"\| yes \|", text)) >= 29


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


def test_ctrl_c_removes_what_was_made(tmp_path: Path) -> None:
    """In the middle of the first update; a second and a third one, which people send, change nothing."""
    command = [
        sys.executable,
        "-m",
        "tests.journeys",
        "local",
        "--yes",
        "--report",
        str(tmp_path / "report.md"),
    ]
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(
            [*command, "-k", "how_azure_answers"],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(tmp_path)},
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        eventually(lambda: has_written(tmp_path), 120)
        os.killpg(process.pid, signal.SIGINT)
        eventually(lambda: "removing /" in (tmp_path / "said").read_text(), 60)
        for _ in range(2):
            os.killpg(process.pid, signal.SIGINT)
        code = process.wait(120)
    finally:
        process.kill()
    text = (tmp_path / "said").read_text()
    assert code == 130, text
    assert "removed: nothing of it is left" in text
    assert "0 of " in (tmp_path / "report.md").read_text()
    assert [one for one in command_lines() if str(tmp_path) in one] == []
    assert list(tmp_path.glob("azml-verify-*")) == []


def has_written(folder: Path) -> bool:
    """Whether the journeys' local Azure, in `folder`, has been sent the resource group."""
    for clone in folder.glob("azml-verify-*/clone"):
        if (clone / ".azml" / "emulator" / "emulator.json").exists():
            return any(
                "resourceGroups/rg-azml-verify" in entry["path"]
                for entry in TestClone(clone).own("GET", "journal")
            )
    return False


def command_lines() -> Iterator[str]:
    """Those of all processes there are."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            yield " ".join(process.cmdline())


def test_a_report_says_what_did_not_hold() -> None:
    seen = [truth.Observation("a-1", True, "so"), truth.Observation("a-2", False, "a | b")]
    text = truth.report(seen, PAGE, "Azure, westeurope", "2026-11-25")
    assert "**these did not hold: a-2**" in text
    assert "| a-1 | it is so | yes | so |" in text
    assert "| a-2 | it is not | **no** | a \\| b |" in text
    unseen = truth.report([], PAGE, "Azure, westeurope", "2026-11-25")
    assert "0 of 2 assumptions were looked at" in unseen
    assert "| a-1 | it is so | not looked at |  |" in unseen
    assert "| a-2 | it is not | not looked at | takes a year |" in unseen
    tried = truth.report(
        [truth.Observation("a-1", None, "no quota")], PAGE, "Azure, westeurope", "2026-11-25"
    )
    assert "0 of 2 assumptions were looked at; all of these held" in tried
    assert "| a-1 | it is so | not looked at | no quota |" in tried
