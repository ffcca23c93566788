"""Environments as uv really builds them."""

import asyncio
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from azml.emulator.base.failures import EnvironmentFailure
from azml.emulator.contract.deployments import DesiredDeployment
from azml.emulator.supervisor.environments.environments import COMPLETE, Environment, Environments
from azml.emulator.supervisor.environments.programs import masked
from azml.emulator.supervisor.environments.requirements import Requirements, requirements_of
from tests.emulator.harness import until

pytestmark = pytest.mark.serving

SMALL = Requirements(("iniconfig",))


def deployment_of(**given: Any) -> DesiredDeployment:
    return DesiredDeployment("/e/blue", "/e", "blue", **given)


async def test_an_environment_is_built_once_for_all_who_ask_at_once(tmp_path: Path) -> None:
    said: list[str] = []
    found = await asyncio.gather(*(Environments(tmp_path).prepare(SMALL, said.append) for _ in range(4)))
    assert len({environment.folder for environment in found}) == 1
    subprocess.run([found[0].python, "-c", "import iniconfig"], check=True)
    assert len([line for line in said if line.startswith("building")]) == 1
    await Environments(tmp_path).prepare(SMALL, said.append)
    assert "is in the cache" in said[-1]


def module(environment: Environment) -> Path:
    (found,) = environment.folder.glob("lib/python*/site-packages/iniconfig/__init__.py")
    return found


async def test_what_is_damaged_is_built_anew_once_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module that is gone, and one that was written to, in uv's cache at the same time: it is one file."""
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    environments, said = Environments(tmp_path / "environments"), list[str]()
    environment = await environments.prepare(SMALL, said.append)
    began = time.time()
    assert not await environments.repair(environment, began, said.append), "it is whole"
    good = module(environment).read_text()
    shutil.rmtree(module(environment).parent)
    repaired = await asyncio.gather(*(environments.repair(environment, began, said.append) for _ in range(3)))
    assert repaired == [True] * 3, "also who did not build it may try again"
    assert module(environment).read_text() == good
    assert len([line for line in said if "is damaged" in line]) == 1
    with module(environment).open("r+") as file:
        file.write("evil")
    assert await environments.repair(environment, time.time(), said.append)
    assert module(environment).read_text() == good
    assert said[-1].count("iniconfig") == 1
    (environment.folder / "bin" / "python").unlink()
    await environments.prepare(SMALL, said.append)
    assert environment.python.exists()
    assert len([line for line in said if "is damaged (bin/python" in line]) == 1


async def test_what_cannot_be_resolved_fails_with_the_resolvers_words(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(EnvironmentFailure, match="iniconfig") as failure:
        await Environments(tmp_path).prepare(Requirements(("iniconfig==999",)), said.append)
    assert "999" in str(failure.value)
    assert not list(tmp_path.glob(f"*/{COMPLETE}"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_requirements_of_a_model_may_come_from_any_editor(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "MLmodel").touch()
    (tmp_path / "requirements.txt").write_text("iniconfig  # für uns\n", encoding)
    model = deployment_of(model_folder=tmp_path, mlflow=True)
    assert requirements_of(model).lines[0] == "iniconfig"


def test_requirements_that_are_no_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").touch()
    (tmp_path / "requirements.txt").write_bytes(b"iniconfig # f\xfcr uns\n")
    model = deployment_of(model_folder=tmp_path, mlflow=True)
    with pytest.raises(EnvironmentFailure, match=r"the model's requirements\.txt is not UTF-8 text"):
        requirements_of(model)


async def test_a_cancelled_build_has_finished_what_it_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would go on removing in what the next one builds, under a lock it does not hold any more."""
    going, gone = threading.Event(), threading.Event()
    remove = shutil.rmtree

    def slowly(path: Path, ignore_errors: bool = False) -> None:
        going.set()
        time.sleep(0.3)
        remove(path, ignore_errors)
        gone.set()

    environment = await Environments(tmp_path).prepare(SMALL, lambda _: None)
    (environment.folder / COMPLETE).unlink()
    monkeypatch.setattr(shutil, "rmtree", slowly)
    building = asyncio.create_task(Environments(tmp_path).prepare(SMALL, lambda _: None))
    await until(going.is_set)
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    assert gone.is_set()


async def test_a_python_that_is_not_there_is_said_and_replaced(tmp_path: Path) -> None:
    """Also beside what then cannot be installed: it may be the reason."""
    said: list[str] = []
    environment = await Environments(tmp_path).prepare(Requirements(("iniconfig",), "3.99"), said.append)
    assert environment.python.exists()
    assert any("Python 3.99" in line and "used instead" in line for line in said)
    with pytest.raises(EnvironmentFailure, match=r"^Python 3\.99 is asked for but not available; Python 3"):
        await Environments(tmp_path).prepare(Requirements(("iniconfig==999",), "3.99"), said.append)


async def test_a_killed_build_is_built_again_and_leaves_no_uv(tmp_path: Path) -> None:
    script = f"""
        import asyncio
        from pathlib import Path
        from azml.emulator.supervisor.environments.environments import Environments
        from azml.emulator.supervisor.environments.requirements import Requirements
        asyncio.run(Environments(Path({str(tmp_path)!r})).prepare(Requirements(("iniconfig",)), print))
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.DEVNULL)
    await until(lambda: list(tmp_path.glob("*/pyvenv.cfg")))
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    await until(lambda: not psutil.wait_procs(children, timeout=0)[1], 5)
    environment = await Environments(tmp_path).prepare(SMALL, lambda _: None)
    subprocess.run([environment.python, "-c", "import iniconfig"], check=True)
    assert (environment.folder / COMPLETE).is_file()


async def test_parts_that_do_not_go_together_are_installed_one_on_the_other(tmp_path: Path) -> None:
    """As conda does: what pip's part needs replaces what conda's part brought."""
    asked = Requirements(("pytest==8.4.2",), mapped=("pluggy==0.13.1",))
    environment = await Environments(tmp_path).prepare(asked, lambda _: None)
    text = "from importlib.metadata import version; print(version('pytest'), version('pluggy'))"
    done = subprocess.run([environment.python, "-c", text], capture_output=True, text=True, check=True)
    pytest_version, pluggy_version = done.stdout.split()
    assert pytest_version == "8.4.2"
    assert int(pluggy_version[0]) >= 1


async def test_credentials_of_addresses_are_in_no_log_and_no_error(tmp_path: Path) -> None:
    said: list[str] = []
    index = "--extra-index-url https://me:pass-word@${HOST}/simple"
    with pytest.raises(EnvironmentFailure) as failure:
        await Environments(tmp_path).prepare(Requirements((index,)), said.append)
    text = "\n".join([*said, str(failure.value)])
    assert "://***@${HOST}/simple" in text
    assert "pass-word" not in text
    assert masked("https://conda.org/t/a-token/channel") == "https://conda.org/t/***/channel"
