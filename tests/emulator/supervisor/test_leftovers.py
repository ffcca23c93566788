"""What a local Azure leaves on the machine when it stops, cannot go on, or is killed."""

import json
import shutil
from pathlib import Path

import pytest

from azml.emulator.supervisor import leftovers
from azml.emulator.supervisor.leftovers import PathTooLong, clear, new_run_dir
from tests.fixtures.control_plane import ControlPlane
from tests.fixtures.in_process import InProcessAzure

pytestmark = pytest.mark.process


def test_no_folder_of_sockets_is_made_that_no_record_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError("no space")

    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(leftovers, "_BASE", tmp_path / "temporary")
    monkeypatch.setattr(leftovers, "_SOCKET_LIMIT", 1000)
    monkeypatch.setattr(leftovers, "write_private", full)
    with pytest.raises(OSError, match="no space"):
        new_run_dir(tmp_path)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_sockets_with_paths_that_are_too_long_are_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ("t" * 100)).mkdir()
    monkeypatch.setattr(leftovers, "_BASE", tmp_path / ("t" * 100))
    with pytest.raises(PathTooLong, match="unix sockets in it may have paths of"):
        new_run_dir(tmp_path)


def test_a_folder_of_sockets_is_its_owners_alone_and_goes(tmp_path: Path) -> None:
    run_dir = new_run_dir(tmp_path)
    assert run_dir.stat().st_mode & 0o777 == 0o700
    document = json.loads((tmp_path / "run.json").read_bytes())
    assert document == {"run_dir": str(run_dir), "folder": tmp_path.stat().st_ino}
    clear(tmp_path)
    assert not run_dir.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_copied_folder_takes_nothing_from_the_first(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    run_dir = new_run_dir(tmp_path / "first")
    shutil.copytree(tmp_path / "first", tmp_path / "copy")
    clear(tmp_path / "copy")
    assert run_dir.is_dir()
    assert list((tmp_path / "copy").iterdir()) == []
    clear(tmp_path / "first")
    assert not run_dir.exists()


@pytest.mark.parametrize("kind", [ControlPlane, InProcessAzure])
def test_the_tests_own_take_the_folder_of_their_socket_along(
    kind: type[ControlPlane] | type[InProcessAzure], tmp_path: Path
) -> None:
    azure = kind(tmp_path / "emulator")
    azure.start()
    assert azure.dataplane.folder.is_dir()
    azure.stop()
    assert not azure.dataplane.folder.exists()
