"""Environments as uv really builds them."""

import asyncio
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from azml.emulator.dataplane.conda import Requirements
from azml.emulator.dataplane.environments import COMPLETE, Environments
from azml.emulator.dataplane.failures import EnvironmentFailure
from tests.emulator.dataplane.houses import until

SMALL = Requirements(("iniconfig",))


async def test_an_environment_is_built_once_for_all_who_ask_at_once(tmp_path: Path) -> None:
    said: list[str] = []
    found = await asyncio.gather(*(Environments(tmp_path).prepare(SMALL, said.append) for _ in range(4)))
    assert len({environment.folder for environment in found}) == 1
    subprocess.run([found[0].python, "-c", "import iniconfig"], check=True)
    assert len([line for line in said if line.startswith("building")]) == 1
    await Environments(tmp_path).prepare(SMALL, said.append)
    assert "is in the cache" in said[-1]


async def test_what_cannot_be_resolved_fails_with_the_resolvers_words(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(EnvironmentFailure, match="iniconfig") as failure:
        await Environments(tmp_path).prepare(Requirements(("iniconfig==999",)), said.append)
    assert "999" in str(failure.value)
    assert not list(tmp_path.glob(f"*/{COMPLETE}"))


async def test_a_python_that_is_not_there_is_said_and_replaced(tmp_path: Path) -> None:
    said: list[str] = []
    environment = await Environments(tmp_path).prepare(Requirements(("iniconfig",), "3.99"), said.append)
    assert environment.python.exists()
    assert any("Python 3.99" in line and "taking" in line for line in said)


async def test_a_killed_build_is_built_again_and_leaves_no_uv(tmp_path: Path) -> None:
    script = f"""
        import asyncio
        from pathlib import Path
        from azml.emulator.dataplane.conda import Requirements
        from azml.emulator.dataplane.environments import Environments
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
