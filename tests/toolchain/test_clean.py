"""`make clean` removes what was made in a clone, whatever is wrong with it."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

SCRIPT = Path(__file__).parents[2] / "scripts" / "clean"
STAYS = ["scripts/clean", "local/.state/.gitkeep", "scoring/model"]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone whose environment is broken, with what a local Azure and a stack left."""
    root = tmp_path / "clone with a space"
    for name in (*STAYS, ".venv/bin/azml", ".azml/emulator/azure.db", "local/.state/.pulumi/meta.yaml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("damaged")
    shutil.copy(SCRIPT, root / "scripts" / "clean")
    return root


@pytest.fixture
def supervisor(clone: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that looks like the clone's local Azure, and its lock."""
    folder = clone / ".azml" / "emulator"
    command = [sys.executable, "-c", "import time; time.sleep(60)", "azml.emulator", "--folder", str(folder)]
    process = subprocess.Popen(command)
    (folder / "supervisor.lock").write_text(str(process.pid))
    yield process
    process.kill()
    process.wait()


def clean(clone: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([clone / "scripts" / "clean"], capture_output=True, text=True, check=False)


def left(clone: Path) -> list[str]:
    return sorted(str(path.relative_to(clone)) for path in clone.rglob("*") if path.is_file())


def test_a_broken_environment_is_no_reason_to_stay(clone: Path) -> None:
    assert clean(clone).returncode == 0
    assert left(clone) == sorted(STAYS)
    assert clean(clone).returncode == 0


def test_what_runs_is_ended_without_the_command(clone: Path, supervisor: "subprocess.Popen[bytes]") -> None:
    # The shell cannot see the end of a child of this process, which only this process can take note of.
    cleaning = subprocess.Popen([clone / "scripts" / "clean"], stderr=subprocess.DEVNULL)
    assert supervisor.wait(20) != 0
    assert cleaning.wait(20) == 0
    assert left(clone) == sorted(STAYS)


def test_a_stranger_with_the_number_in_the_lock_is_left_alone(
    clone: Path, supervisor: "subprocess.Popen[bytes]"
) -> None:
    moved = clone.rename(clone.with_name("another"))
    assert clean(moved).returncode == 0
    assert supervisor.poll() is None
    assert left(moved) == sorted(STAYS)


def test_nothing_is_removed_under_a_command_that_works(clone: Path) -> None:
    command = "#!/bin/sh\necho 'azml: another azml command works on this clone (process 1)'; exit 1\n"
    (clone / ".venv" / "bin" / "azml").write_text(command)
    (clone / ".venv" / "bin" / "azml").chmod(0o755)
    before = left(clone)
    refused = clean(clone)
    assert refused.returncode == 1
    assert "another azml command" in refused.stderr
    assert left(clone) == before
