"""A disk that fills under an update, and a state that is lost in part or whole: what exists is taken over."""

import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from azml.cli.recovery.state_repair import repair
from tests.fixtures.clones import TestClone

SIZE = 8 * 1024 * 1024


@pytest.fixture
def small_disk(echo: TestClone) -> Iterator[Path]:
    """The folder of the local stack's state, on a file system of its own of 8 MiB."""
    folder = echo.root / "local" / ".state"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_what_a_full_disk_left_is_taken_over_and_so_is_all_once_the_state_is_lost(
    echo: TestClone, small_disk: Path
) -> None:
    run = echo.start("up")
    echo.until_written(run, "/deployments/blue")
    filler = small_disk / "filler"
    with contextlib.suppress(OSError):  # all that fits is written
        filler.write_bytes(bytes(SIZE))
    assert run.wait(60) == 1
    said = (echo.root / "run.log").read_text()
    assert f"azml: the disk is full: {small_disk}" in said
    assert "free some space, then run the same command again" in said
    refused = echo.run("up")
    assert refused.returncode == 1
    assert "the disk is full" in refused.stderr
    assert "pulumi -C local up" not in refused.stderr

    filler.unlink()
    state = small_disk / ".pulumi"
    _forget_the_last_resources(state)
    (state / "meta.yaml").write_bytes(b"")
    done = echo.run("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rewrote meta.yaml" in done.stderr
    assert "* Taking over what the state does not list: " in done.stderr
    assert 'blue  100 %  "one"' in done.stdout
    writes = len(echo.writes())

    shutil.rmtree(state)
    taken = echo.run("adopt", "--stack", "local", "--yes")
    assert taken.returncode == 0, taken.stdout + taken.stderr
    assert "machinelearningservices:OnlineDeployment blue: as declared" in taken.stdout
    assert taken.stdout.count(": as declared") == 8
    assert len(echo.writes()) == writes
    kept = "".join(file.read_text() for file in state.rglob("*") if file.is_file())
    assert "/onlineEndpoints/echo/deployments/blue" in kept
    assert "InstrumentationKey=" not in kept, "a secret output stands in clear in the state"
    down = echo.run("down", "--all")
    assert down.returncode == 0, down.stdout + down.stderr


def _forget_the_last_resources(backend: Path) -> None:
    """What a state looks like whose last writes found no space: what was made before them is listed."""
    repair(backend)
    file = backend / "stacks" / "azml-local" / "local.json"
    known = json.loads(file.read_text())
    latest = known["checkpoint"]["latest"]
    kinds = [one["type"] for one in latest["resources"]]
    cut = kinds.index("azure-native:resources:ResourceGroup") + 1
    latest["resources"] = latest["resources"][:cut]
    latest.pop("pending_operations", None)
    file.write_text(json.dumps(known))
