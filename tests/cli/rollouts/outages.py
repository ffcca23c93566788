"""The local Azure is killed in the middle of a rollout: its parts one after the other, then all of it."""

import json
import subprocess
from signal import SIGKILL

import psutil

from tests.cli.rollouts.journey import Done
from tests.cli.rollouts.stage import Load, Stage
from tests.fixtures.waiting import eventually


def resumed(stage: Stage, load: Load) -> Done:
    """Resume a rollout and kill the local Azure in its last step: what the same process came to.

    Users may lose what is under way when the router or all of it is killed, and nothing else.
    """
    engine = stage.clone.start("rollout", "resume", "labels", log="resumed.log")
    try:
        eventually(lambda: "step 4 begins" in stage.said("resumed.log") or engine.poll() is not None, 60)
        _kill_part(stage, "azml.emulator.control")
        with load.outage():
            _kill_part(stage, "azml.emulator.router")
        assert engine.poll() is None, stage.said("resumed.log")
        with load.outage():
            _kill_whole(stage)
        engine.wait(120)
    finally:
        engine.kill()
    said = stage.said("resumed.log")
    return subprocess.CompletedProcess(engine.args, engine.returncode, said, said)


def _kill_part(stage: Stage, module: str) -> None:
    """The supervisor starts it again."""
    before = _part(stage, module)
    before.send_signal(SIGKILL)
    before.wait(10)
    eventually(lambda: _is_another(stage, module, before), 60)


def _is_another(stage: Stage, module: str, before: psutil.Process) -> bool:
    try:
        return _part(stage, module) != before
    except StopIteration:
        return False


def _kill_whole(stage: Stage) -> None:
    """The supervisor, without which nothing of it stays; once the rollout has noticed, a person starts it."""
    azure = _supervisor(stage)
    parts = azure.children(recursive=True)
    azure.send_signal(SIGKILL)
    assert not psutil.wait_procs([azure, *parts], timeout=30)[1]
    eventually(lambda: "cannot be reached" in stage.said("resumed.log"), 60)
    started = stage.clone.run("emulator", "start")
    assert started.returncode == 0, started.stderr


def _supervisor(stage: Stage) -> psutil.Process:
    document = json.loads((stage.clone.root / ".azml" / "emulator" / "emulator.json").read_text())
    return psutil.Process(document["pid"])


def _part(stage: Stage, module: str) -> psutil.Process:
    return next(one for one in _supervisor(stage).children() if module in one.cmdline())
