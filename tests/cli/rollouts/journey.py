"""What happens to each kind of candidate, with users at the endpoint all the time."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from signal import SIGKILL

from tests.cli.rollouts.stage import Load, Stage
from tests.fixtures.waiting import eventually

PER_MINUTE = ("--requests-per-minute", "3000")
"""What the load sends; the metrics of the last hour know nothing of it yet."""


@dataclass(frozen=True)
class Ended:
    """How a rollout ended: its exit code, what it said at the end, and what its users saw meanwhile."""

    title: str
    code: int
    said: str
    log: str
    sent: int
    failed: int
    seconds: float


Act = Callable[[Stage, Load], Ended]
Done = subprocess.CompletedProcess[str]
Resume = Callable[[Stage], Done]


def flips(stage: Stage, load: Load) -> Ended:
    """A candidate that changes three answers in a hundred, without an error, is found by comparison."""
    return _rolled_out("changes 3 % of the answers", stage, load, "flips")


def throws(stage: Stage, load: Load, *options: str) -> Ended:
    """A candidate that fails one request in five is withdrawn before a user gets such an answer."""
    return _rolled_out("fails one in five", stage, load, "throws", *options)


def slow(stage: Stage, load: Load) -> Ended:
    """A candidate that takes three seconds for an answer is withdrawn before anybody waits for it."""
    return _rolled_out("is slow", stage, load, "slow")


def nobody(stage: Stage, load: Load, slot: str = "blue") -> Ended:
    """Without users there is no evidence: after two short extensions it is paused, and stays where it is."""
    with stage.impatient():
        return _ended("nobody uses it", load, lambda: stage.rolled_out(*_run(slot)))


def killed(
    stage: Stage, load: Load, between: Callable[[], None] = lambda: None, resume: Resume | None = None
) -> Ended:
    """The process that rolls a good version out is killed in step 3, and another one goes on to the end."""
    with load.running():
        return _ended("good; the engine is killed", load, lambda: _killed(stage, between, resume or resumed))


def _killed(stage: Stage, between: Callable[[], None], resume: Resume) -> Done:
    engine = stage.clone.start("rollout", *_run("good"), log="killed.log")
    eventually(lambda: "step 3 begins" in stage.said("killed.log") or engine.poll() is not None, 60)
    engine.send_signal(SIGKILL)  # nothing where it has ended already
    engine.wait()
    stage.tell(f"$ azml rollout {' '.join(_run('good'))}")
    for line in stage.said("killed.log").splitlines():
        stage.tell(line)
    stage.tell("... and here that process gets a kill -9")
    between()
    return resume(stage)


def resumed(stage: Stage) -> Done:
    """A rollout that nobody carries out goes on to its end."""
    return stage.rolled_out("resume", "labels")


def _run(slot: str) -> tuple[str, ...]:
    return ("run", "labels", "--slot", slot, *PER_MINUTE)


def _rolled_out(title: str, stage: Stage, load: Load, slot: str, *options: str) -> Ended:
    with load.running():
        return _ended(title, load, lambda: stage.rolled_out(*_run(slot), *options))


def _ended(title: str, load: Load, run: Callable[[], Done]) -> Ended:
    sent, failed, began = load.answers.total(), load.failed, time.monotonic()
    done = run()
    return Ended(
        title,
        done.returncode,
        done.stdout.strip(),
        done.stderr,
        load.answers.total() - sent,
        load.failed - failed,
        time.monotonic() - began,
    )
