"""uv is asked for a Python once by all who need it at the same time."""

import asyncio
import platform
import time
from pathlib import Path

import pytest

from azml.emulator.supervisor.environments import interpreters
from azml.emulator.supervisor.environments.environments import COMPLETE, Environments, _name
from azml.emulator.supervisor.environments.interpreters import Interpreter, Interpreters
from azml.emulator.supervisor.environments.requirements import Requirements


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Python that uv finds. Each question leaves a line in the file beside it."""
    found = tmp_path / "python"
    found.touch(mode=0o700)

    async def uv(*_: object) -> tuple[int, str]:
        with (tmp_path / "asked").open("a") as asked:
            asked.write("once\n")
        await asyncio.sleep(0)
        return 0, f"warning: another is broken\n{found}\n"

    monkeypatch.setattr(interpreters, "uv", uv)
    return found


def times_asked(python: Path) -> int:
    return len((python.parent / "asked").read_text().splitlines())


async def test_all_deployments_of_a_start_share_one_search(python: Path) -> None:
    search = Interpreters(python.parent / "kept")
    found = await asyncio.gather(*(search.find("3.11", print) for _ in range(25)))
    assert set(found) == {Interpreter(str(python))}
    assert times_asked(python) == 1
    await search.find("3.12", print)
    assert times_asked(python) == 2, "that is another question"


async def test_uv_is_asked_again_after_a_minute_and_when_the_python_is_gone(
    python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search, now = Interpreters(python.parent / "kept"), time.monotonic()
    await search.find("3.11", print)
    monkeypatch.setattr(time, "monotonic", lambda: now + 61)
    await search.find("3.11", print)
    assert times_asked(python) == 2
    python.unlink()
    await search.find("3.11", print)
    assert times_asked(python) == 3


async def test_an_environment_that_is_there_is_used_without_a_search(
    python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a later run, too. For one that is not there, uv is asked."""
    monkeypatch.setattr(platform, "platform", lambda: "starts a program")
    wanted, folder = Requirements(("iniconfig",), "3.11"), tmp_path / "environments"
    built = folder / _name([["iniconfig"], str(python)])
    (built / "bin").mkdir(parents=True)
    (built / "bin" / "python").symlink_to(python)
    (built / COMPLETE).touch()
    for _ in range(3):
        assert (await Environments(folder).prepare(wanted, print)).folder == built
        assert times_asked(python) == 1
    (folder / "pythons.json").write_text("cut o")
    assert (await Environments(folder).prepare(wanted, print)).folder == built
    assert times_asked(python) == 2
    (built / COMPLETE).unlink()
    assert Interpreters(folder / "pythons.json").last("3.11") == str(python)
    await Environments(folder)._plan(wanted, print)
    assert times_asked(python) == 3
