"""A program is started and waited for by a thread of its own, which alone is restricted with it."""

import sys
import threading
from pathlib import Path

import pytest

from azml.emulator.base.logs import Log, Output
from azml.emulator.base.subprocesses import Launch, running

pytestmark = pytest.mark.process


async def test_the_thread_that_starts_a_program_lives_as_long_as_the_program(tmp_path: Path) -> None:
    """Linux ends a program that is tied to its parent when the thread that started it ends."""
    threads: list[threading.Thread] = []
    command = (sys.executable, "-I", "-S", "-c", "import sys, os; sys.stdout.write(os.getcwd())")
    launch = Launch(command, tmp_path, {}, lambda: threads.append(threading.current_thread()))
    output = Output(Log(tmp_path / "log"))
    async with running(launch, output) as program:
        assert program.returncode is None
        (keeper,) = threads
        assert keeper.is_alive() and keeper is not threading.current_thread()
        assert await program.ended() == "exit code 0"
    assert output.excerpt() == str(tmp_path)
    keeper.join(10)
    assert not keeper.is_alive()


async def test_a_program_whose_restriction_fails_is_not_started(tmp_path: Path) -> None:
    def refuse() -> None:
        raise PermissionError("no")

    launch = Launch((sys.executable, "-c", "open('started', 'w')"), tmp_path, {}, refuse)
    with pytest.raises(PermissionError, match="no"):
        async with running(launch, Output(Log(tmp_path / "log"))):
            pass
    assert not (tmp_path / "started").exists()


async def test_a_program_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        async with running(Launch((str(tmp_path / "none"),), tmp_path, {}), Output(Log(tmp_path / "log"))):
            pass
