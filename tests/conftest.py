"""What all tests share: their order, their tiers, and fixtures."""

import gc
import platform
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.nodeid import coerce_node_id

from azml.toolchain.pulumi import find_or_install
from tests import byte_code, tiers
from tests.contract import session
from tests.fixtures import azure_ai_ml as sdk
from tests.fixtures.clones import TestClone, make

_WATCH = tiers.Watch()
_OBJECTS_BEFORE_GARBAGE = 100_000


def pytest_configure(config: pytest.Config) -> None:
    """Look for garbage less than Python does: collecting thousands of tests makes objects that all stay."""
    gc.set_threshold(_OBJECTS_BEFORE_GARBAGE)
    config.pluginmanager.register(session)
    platform.processor()  # asks a process, once: a quick test that imports azure-identity would be the first
    if config.getoption("numprocesses", None):
        byte_code.make(config, byte_code.modules())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Before tests are chosen by their markers, and before workers look at the groups."""
    tiers.arrange(items)
    if hasattr(config, "workerinput"):
        for item in items:
            # pytest-xdist 3.8 names the group in a field that pytest 9.2 no longer reads.
            group = next(item.iter_markers("xdist_group")).args[0]
            item._id = coerce_node_id(f"{item.nodeid}@{group}")


def pytest_collection_finish() -> None:
    """What there is now stays: whoever looks for garbage need not look at it again and again."""
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A quick test starts no process."""
    _WATCH.watched = item.nodeid if item.get_closest_marker("quick") else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """What ends now may be what other tests had started."""
    _WATCH.watched = None


@pytest.fixture(scope="session")
def azure_ai_ml() -> sdk.AzureAiMl:
    """The SDK that users have."""
    return sdk.imported()


@pytest.fixture(scope="session")
def pulumi_cli() -> Path:
    """The Pulumi CLI, installed or built where this machine has none."""
    return find_or_install(print)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClone]:
    """A clone as it comes, with the sample."""
    clone = make(tmp_path_factory.mktemp("sample") / "clone")
    yield clone
    clone.run("emulator", "stop")


@pytest.fixture(scope="session")
def first_up(sample: TestClone) -> str:
    """What the first `azml up` in `sample` says. No test takes down what it made."""
    done = sample.run("up")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
