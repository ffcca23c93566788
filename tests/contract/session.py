"""A pytest plugin: what the local Azures of all tests saw and answered is compared when the tests end.

All workers note it in one file. Pytest's main process makes it before they start, and reads it after them: to
read Azure's clients takes some seconds, once.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from azml.emulator.control.http.exchanges import VARIABLE
from tests.contract.check import findings

TITLE = "no client of Azure would send or take this"
_FOLDER = pytest.StashKey[TemporaryDirectory[str]]()
_FOUND = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Workers, and local Azures that tests start, find the file by the variable."""
    if not hasattr(config, "workerinput"):
        folder = config.stash[_FOLDER] = TemporaryDirectory(prefix="exchanges-")
        os.environ[VARIABLE] = str(Path(folder.name) / "exchanges.jsonl")


@pytest.hookimpl(trylast=True)  # the workers have ended
def pytest_sessionfinish(session: pytest.Session) -> None:
    """The tests fail with what is found, whatever they have shown."""
    folder = session.config.stash.get(_FOLDER, None)
    if folder is None:
        return
    found = session.config.stash[_FOUND] = findings(Path(folder.name) / "exchanges.jsonl")
    folder.cleanup()
    if found:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Each thing that is wrong, in a line, and one error in the sum."""
    if found := config.stash.get(_FOUND, []):
        terminalreporter.section(TITLE, red=True)
        for line in found:
            terminalreporter.write_line(line)
        wrong = pytest.TestReport(
            TITLE, (__file__, None, TITLE), {}, "failed", f"{len(found)} exchanges, listed above", "teardown"
        )
        terminalreporter.stats.setdefault("error", []).append(wrong)
