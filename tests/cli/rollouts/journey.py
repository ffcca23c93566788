"""What happens to each kind of candidate, with users at the endpoint all the time."""

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from signal import SIGKILL

from tests.cli.rollouts.stage import Load, Stage, wait

PER_MINUTE = ("--requests-per-minute", "6000")
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


def good(stage: Stage, load: Load) -> Ended:
    """A good candidate goes to 100 percent."""
    with _users(load):
        return _ended("a good version", load, lambda: stage.clone.run(*_run("good")))


def throws(stage: Stage, load: Load) -> Ended:
    """A candidate that fails one request in five is withdrawn."""
    with _users(load):
        return _ended("fails one in five", load, lambda: stage.clone.run(*_run("throws")))


def slow(stage: Stage, load: Load) -> Ended:
    """A candidate that takes three seconds for an answer is withdrawn before anybody waits for it."""
    with _users(load):
        return _ended("is slow", load, lambda: stage.clone.run(*_run("slow")))


def flips(stage: Stage, load: Load) -> Ended:
    """A candidate that changes three answers in a hundred, without an error, is found by comparison."""
    with _users(load):
        return _ended("changes 3 % of the answers", load, lambda: stage.clone.run(*_run("flips")))


def nobody(stage: Stage, load: Load) -> Ended:
    """Without users there is no evidence: paused, and nobody is moved back."""
    return _ended("nobody uses it", load, lambda: stage.clone.run(*_run("blue")))


def killed(
    stage: Stage, load: Load, between: Callable[[], None] = lambda: None, resume: Resume | None = None
) -> Ended:
    """The engine is killed in the middle of a step, and another process goes on to the same end."""
    with _users(load):
        return _ended("the engine is killed", load, lambda: _killed(stage, between, resume or resumed))


def _killed(stage: Stage, between: Callable[[], None], resume: Resume) -> Done:
    engine = stage.clone.start(*_run("good"), log="killed.log")
    wait(lambda: "step 3 begins" in stage.said("killed.log") or engine.poll() is not None)
    engine.send_signal(SIGKILL)  # nothing where it has ended already
    engine.wait()
    between()
    return resume(stage)


def resumed(stage: Stage) -> Done:
    """A rollout that nobody carries out goes on to its end."""
    return stage.clone.run("rollout", "resume", "labels")


def _run(slot: str) -> tuple[str, ...]:
    return ("rollout", "run", "labels", "--slot", slot, *PER_MINUTE)


@contextlib.contextmanager
def _users(load: Load) -> Iterator[None]:
    with load.running():
        yield


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
