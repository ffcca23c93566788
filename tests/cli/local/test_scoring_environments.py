"""The cache of scoring environments: what is in it, and what a prune may take."""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from azml.cli.commands.cache import ago, shown, to_remove
from azml.cli.local import conda_packages
from azml.cli.local.scoring_environments import CachedEnvironment, cached, remove
from azml.emulator.supervisor.environments.installed import note
from tests.cli.test_errors import _azml

pytestmark = pytest.mark.process

OLD, USED, GIVEN, BUILDING, KILLED = (letter * 20 for letter in "abcde")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AZML_CACHE_DIR", str(tmp_path / "cache"))
    made = tmp_path / "cache" / "environments"
    made.mkdir(parents=True)
    return made


def environment(place: Path, name: str, *, days: int = 0, complete: bool = True) -> Path:
    folder = place / name
    folder.mkdir()
    (folder / "big").write_bytes(b"x" * 100_000)
    if complete:
        (folder / "complete.json").write_text(json.dumps({"requirements": ["numpy==2.4.6"], "python": "p"}))
    then = time.time() - days * 86_400
    (folder / "pyvenv.cfg").touch()
    for path in (folder / "pyvenv.cfg", folder):
        os.utime(path, (then, then))
    return folder


@contextmanager
def process(*words: str) -> Iterator[None]:
    """A process with these words in its command line, which does nothing."""
    running = subprocess.Popen([sys.executable, "-c", "input()", *words], stdin=subprocess.PIPE)
    try:
        yield
    finally:
        running.communicate()


def test_a_prune_never_takes_what_runs_is_given_or_is_being_built(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """GIVEN has no process at this moment: its deployment, in another clone, is between two starts."""
    for name in (OLD, USED, GIVEN, BUILDING):
        environment(place, name, days=90)
    environment(place, KILLED, complete=False)
    emulator = tmp_path / "clone" / ".azml" / "emulator"
    log = emulator / "logs" / "blue-0123456789" / "storage-initializer.log"
    log.parent.mkdir(parents=True)
    log.write_text(f"environment {OLD} is in the cache\nbuilding environment {GIVEN}: numpy\n")
    with (
        process(str(place / USED / "bin" / "python"), "-m", "gunicorn"),
        process("-m", "azml.emulator", "--folder", str(emulator)),
        (place / f"{BUILDING}.lock").open("w") as lock,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        used = {one.name: one.used_by for one in cached()}
        assert used[GIVEN] == (f"blue in {tmp_path / 'clone'}",)
        assert used[USED] == ("a process",)
        assert used[OLD] == used[BUILDING] == ()
        found = {one.name: one for one in cached()}
        assert not remove(found[USED])
        done = _azml("cache", "prune", "--unused", "--json")
    assert {one["name"] for one in json.loads(done.stdout)} == {OLD, KILLED}
    assert sorted(path.name for path in place.iterdir() if path.is_dir()) == sorted([USED, GIVEN, BUILDING])
    assert (place / USED / "big").is_file()


def test_a_prune_goes_by_age_unless_a_build_was_killed() -> None:
    def one(
        name: str, days: float, *, complete: bool = True, used_by: tuple[str, ...] = ()
    ) -> CachedEnvironment:
        return CachedEnvironment(Path(name), 1, 1, -days * 86_400, complete, (), used_by)

    found = [
        one("new", 3),
        one("old", 31),
        one("used", 99, used_by=("blue in /x",)),
        one("killed", 0, complete=False),
    ]
    assert [each.name for each in to_remove(found, 0, 30)] == ["old", "killed"]
    assert [each.name for each in to_remove(found, 0, 0)] == ["new", "old", "killed"]


def test_a_prune_takes_conda_s_packages_unless_something_is_being_built(place: Path) -> None:
    """Environments have links to their files, or copies, so none needs them."""
    package = place.with_name("conda") / "packages" / "numpy-2.1.2-0"
    package.mkdir(parents=True)
    (package / "big").write_bytes(b"x" * 2_000_000)
    assert "conda's packages, 2 MB" in _azml("cache", "list").stdout
    with (place / f"{BUILDING}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not conda_packages.remove()
    assert "conda" not in _azml("cache", "prune").stdout, "they are of today"
    assert package.is_dir()
    done = _azml("cache", "prune", "--unused")
    assert "removed conda's packages, 2 MB" in done.stdout
    assert sorted(path.name for path in place.parent.iterdir()) == ["environments"]


def test_what_was_damaged_is_named_and_built_anew_by_who_needs_it_next(place: Path) -> None:
    """One is whole, one lacks a file, one was written to, and one is of a version that noted nothing."""
    folders = [environment(place, name) for name in (OLD, USED, GIVEN, BUILDING)]
    for folder in folders[:3]:
        note(folder)
        (folder / "complete.json").write_text(json.dumps({"format": 3, "requirements": []}))
    assert _azml("cache", "verify").returncode == 0
    (folders[1] / "big").unlink()
    with (folders[2] / "big").open("r+") as file:
        file.write("y")
    done = _azml("cache", "verify")
    assert done.returncode == 1, done.stderr
    assert sorted(done.stdout.splitlines()) == [
        "4 checked, 2 damaged",
        f"{USED} is damaged: big; the next deployment that needs it rebuilds it",
        f"{GIVEN} is damaged: big; the next deployment that needs it rebuilds it",
    ]
    whole = {one.name for one in cached() if one.complete}
    assert whole == {OLD, BUILDING}
    assert [one["damaged"] for one in json.loads(_azml("cache", "verify", "--json").stdout)] == [[], []]


def test_the_list_tells_size_and_last_use(place: Path) -> None:
    folder = environment(place, OLD, days=3)
    (place / "linked").hardlink_to(folder / "big")
    done = _azml("cache", "list")
    assert done.returncode == 0, done.stderr
    assert f"{OLD}" in done.stdout
    assert "3 days ago" in done.stdout
    (printed,) = json.loads(_azml("cache", "list", "--json").stdout)
    assert printed["requirements"] == ["numpy==2.4.6"]
    assert printed["size"] - printed["own_size"] >= 100_000, "what has another name is not freed"
    assert (shown(1_500_000_000), shown(62_000_000)) == ("1.5 GB", "62 MB")
    assert (ago(3_600), ago(90_000)) == ("today", "yesterday")
