"""What would grow with every deployment, operation or failure, and does not."""

import asyncio
from pathlib import Path

import pytest

from azml.emulator.base.failures import EnvironmentFailure
from azml.emulator.base.logs import Log
from azml.emulator.control.arm import operations
from azml.emulator.control.arm.database import Database
from azml.emulator.control.arm.operations import Operations
from azml.emulator.supervisor.environments.programs import run

pytestmark = pytest.mark.process


def test_a_removed_log_takes_its_folder_along_once_it_is_the_last(tmp_path: Path) -> None:
    server, storage = (Log(tmp_path / "blue" / f"{name}.log") for name in ("server", "storage"))
    server.say("one")
    storage.say("two")
    server.remove()
    assert storage.tail(1) == "two\n"
    storage.remove()
    assert not (tmp_path / "blue").exists()


def test_operations_that_ended_long_ago_are_forgotten_and_those_under_way_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "KEPT", 10)
    database = Database(tmp_path / "azure.db")
    kept = Operations(database)
    under_way = kept.begin("/first", "PUT")
    for number in range(50):
        kept.finish(kept.begin(f"/{number}", "PUT"), "Succeeded")
    rows = database.rows("SELECT id FROM operations ORDER BY rowid")
    last = kept.find(rows[-1]["id"])
    assert len(rows) <= 12
    assert (last and last.key, kept.find(under_way.id)) == ("/49", under_way)
    database.close()


def test_a_killed_installer_is_told_as_that(tmp_path: Path) -> None:
    """Else the next attempt would ask for less, as if there were no wheel."""
    killed = ["/bin/sh", "-c", "echo resolving; kill -9 $$"]
    with pytest.raises(EnvironmentFailure, match=r"sh was killed \(SIGKILL\), perhaps .* memory. resolving"):
        asyncio.run(run(killed, tmp_path, None, {}))
    assert asyncio.run(run(["/bin/sh", "-c", "exit 3"], tmp_path, None, {})) == (3, "")
