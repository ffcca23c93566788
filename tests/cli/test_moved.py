"""A clone that is moved, copied or deep in folders, and the processes of its local Azure."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from azml.cli.clone import Clone
from azml.cli.failure import NotThereError
from azml.cli.local import local_azure
from azml.cli.local.local_azure import LocalAzure
from azml.cli.local.processes import alive
from azml.cli.terminal import Step
from tests.fixtures.clones import free_ports

# The command that starts one ends before it does, and this process does not.
pytestmark = [
    pytest.mark.process,
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]
STEP = Step("start", Console(quiet=True), None)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder for clones; whatever runs in one at the end is stopped."""
    yield tmp_path
    for root in tmp_path.iterdir():
        local_azure.stop(Clone(root))


def test_a_moved_clone_finds_its_local_azure_and_a_copied_one_does_not(place: Path) -> None:
    first, second, copy = (Clone(place / name) for name in ("first", "second", "copy"))
    first.root.mkdir()
    began = _start(first)
    subprocess.run(["cp", "-R", first.root, copy.root], check=True)
    assert local_azure.running(copy) is None
    assert local_azure.stop(copy) is False

    first.root.rename(second.root)
    assert local_azure.running(second) == began_at(second, began)
    with pytest.raises(NotThereError, match=f"was started in {first.emulator}, before the clone was moved"):
        local_azure.required(second)
    again = _start(second)
    assert (alive(began.pid), alive(again.pid)) == (False, True)
    assert local_azure.required(second).ask("GET", "health")["status"] == "ok"
    assert not first.root.exists()

    second.root.rename(first.root)
    family = psutil.Process(again.pid).children(recursive=True)
    assert local_azure.stop(first) is True
    assert not any(one.is_running() for one in family)
    assert not second.root.exists()
    assert _naming(first.emulator, str(place)) == []


def test_the_folder_of_sockets_of_a_killed_local_azure_goes_with_a_stop(place: Path) -> None:
    clone = Clone(place / "clone")
    clone.root.mkdir()
    azure = _start(clone)
    run_dir = Path(json.loads((clone.emulator / "run.json").read_bytes())["run_dir"])
    psutil.Process(azure.pid).kill()
    assert run_dir.is_dir()
    clone.root.rename(place / "moved")
    local_azure.stop(Clone(place / "moved"))
    assert not run_dir.exists()


def test_a_path_that_is_too_long_is_refused_in_a_line(tmp_path: Path) -> None:
    folder = "f" * 200 + "/" + "g" * 200 + "/" + "h" * 100
    result = subprocess.run(
        [sys.executable, "-m", "azml.emulator", "--folder", tmp_path / folder, "--port", "0"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "and SQLite takes at most 489: move it" in result.stderr


def began_at(clone: Clone, azure: LocalAzure) -> LocalAzure:
    """The same local Azure, found in another folder."""
    ca, bundle = clone.emulator / azure.ca.name, clone.emulator / azure.ca_bundle.name
    return LocalAzure(azure.pid, azure.arm, azure.scoring, ca, bundle, azure.token)


def _start(clone: Clone) -> LocalAzure:
    port, scoring_port = free_ports(2)
    azure, fresh = local_azure.start(clone, port, scoring_port, STEP)
    assert fresh
    return azure


def _naming(folder: Path, text: str) -> list[Path]:
    """The files in which a text stands."""
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]
