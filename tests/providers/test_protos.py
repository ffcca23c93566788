"""The protocol's messages, loaded while calls come on many threads."""

import subprocess
import sys

import pytest

from tests.providers.conftest import CLONE

pytestmark = pytest.mark.process

# Two calls fail at once. Left to themselves, both find that nothing is loaded, both put the stand-ins for the
# parent packages there, and both take them away: KeyError: 'pulumi'.
TOGETHER = """\
import contextlib
import importlib
import threading
from azml.providers import protos

meet, failures = threading.Barrier(2), []


def together(function):
    def run(*arguments):
        with contextlib.suppress(threading.BrokenBarrierError):
            meet.wait(1)  # in vain where one loads at a time
        return function(*arguments)

    return run


def load():
    try:
        protos.status_messages().Status(code=1)
    except BaseException as failure:
        failures.append(failure)


importlib.util.find_spec = together(importlib.util.find_spec)
importlib.import_module = together(importlib.import_module)
threads = [threading.Thread(target=load) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not failures, failures
"""


def test_two_resources_that_fail_at_once_are_both_told() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TOGETHER], cwd=CLONE, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
