"""Modules that are put off: nothing of them has run, and whoever uses them notices nothing."""

import gc
import importlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from azml import quick_start

SLOW = """
import sys
assert "__path__" in globals()
early = [name for name in ("early", "late") if hasattr(sys.modules[__name__], name)]
sys.modules["heard"].append(__name__)
from . import inner
late = inner.answer
"""


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A package `slow_one` that `begin` can find, with a module; each tells by its name that it has run."""
    names: list[str] = []
    package = tmp_path / "slow_one"
    package.mkdir()
    (package / "__init__.py").write_text(SLOW)
    (package / "inner.py").write_text("import sys\nsys.modules['heard'].append(__name__)\nanswer = 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "heard", names)
    threshold = gc.get_threshold()
    yield names
    gc.set_threshold(*threshold)
    for name in [name for name in sys.modules if name.partition(".")[0] == "slow_one"]:
        del sys.modules[name]


def put_off(name: str = "slow_one") -> ModuleType:
    quick_start.begin(name)
    return sys.modules[name]


def test_the_first_name_that_is_asked_for_runs_the_module_once(heard: list[str]) -> None:
    module = put_off()
    assert importlib.import_module("slow_one") is module
    assert not hasattr(module, "__wrapped__")  # tools that look at all modules ask for such names
    assert heard == []
    assert module.late == 42
    assert module.early == []
    with pytest.raises(AttributeError, match="nothing"):
        _ = module.nothing
    assert heard == ["slow_one", "slow_one.inner"]
    assert type(module) is ModuleType


def test_a_submodule_runs_its_package_first(heard: list[str]) -> None:
    module = put_off()
    assert importlib.import_module("slow_one.inner").answer == 42
    assert heard == ["slow_one", "slow_one.inner"]
    assert module.inner is sys.modules["slow_one.inner"]
    assert module.inner.__spec__ == spec_from_file_location("slow_one.inner", module.inner.__file__)


def test_a_submodule_alone_is_put_off(heard: list[str]) -> None:
    module = put_off("slow_one.inner")
    assert heard == []
    assert importlib.import_module("slow_one").late == 42
    assert sys.modules["slow_one.inner"] is module
    assert heard == ["slow_one", "slow_one.inner"]


def test_two_threads_see_the_whole_module(heard: list[str]) -> None:
    module, seen = put_off(), []
    threads = [threading.Thread(target=lambda: seen.append(module.late)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [42] * 8
    assert heard == ["slow_one", "slow_one.inner"]


def test_a_module_that_fails_fails_each_time(heard: list[str], tmp_path: Path) -> None:
    (tmp_path / "slow_one" / "inner.py").write_text("raise ImportError('a library is missing')\n")
    module = put_off()
    for _ in range(2):
        with pytest.raises(ImportError, match="a library is missing"):
            _ = module.late


def test_what_is_loaded_or_missing_stays_so(heard: list[str]) -> None:
    loaded = importlib.import_module("slow_one")
    quick_start.begin("slow_one", "slow_one.inner", "slow_one.none", "nowhere_at_all", "nowhere.inner")
    assert sys.modules["slow_one"] is loaded
    assert not {"slow_one.none", "nowhere_at_all", "nowhere.inner"} & set(sys.modules)


@pytest.mark.process
def test_pulumi_runs_without_what_is_put_off_and_has_it_when_asked() -> None:
    """The names are those of the installed versions: one that is wrong would be loaded."""
    code = (
        "import sys\n"
        "from azml import quick_start\n"
        "quick_start.begin(*quick_start.PULUMI)\n"
        "import pulumi, pulumi.runtime\n"
        "inner = {'pulumi.automation._stack', 'pulumi.dynamic.dynamic', 'psutil._common', 'grpc.aio._call',\n"
        "         'google.protobuf.internal.decoder'}\n"
        "print(sorted(inner & set(sys.modules)))\n"
        "from pulumi import automation\n"
        "from pulumi.dynamic import ResourceProvider\n"
        "import grpc.aio, psutil\n"
        "print(automation.Stack.__name__, automation is pulumi.automation, psutil.Process().is_running())\n"
        "print(sorted(inner - set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "[]",
        "Stack True True",
        "['google.protobuf.internal.decoder', 'grpc.aio._call']",
    ]


@pytest.mark.process
def test_azures_clients_do_without_aiohttp() -> None:
    """Their library says so itself."""
    code = (
        "import sys\n"
        "from azml import quick_start\n"
        "quick_start.without_aiohttp()\n"
        "from azure.storage.blob import ContainerClient\n"
        "from azure.storage.blob._shared.authentication import AioHttpTransport\n"
        "print(ContainerClient.__name__, AioHttpTransport, 'aiohttp.client' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["ContainerClient None False"]
