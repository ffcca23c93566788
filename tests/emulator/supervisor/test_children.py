"""A child by itself: whatever ends it, or keeps it from starting, it is started again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from azml.emulator.base.logs import Log
from azml.emulator.supervisor import children
from azml.emulator.supervisor.children import Child, ChildEnded

pytestmark = pytest.mark.process

STAYS = ("/bin/sleep", "60")
LEAVES = ("/bin/sh", "-c", "exit 0")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "_BACKOFF", (0.0,))


class Starts:
    """What happens at each start in turn: a command, or the reason why there can be none. The last stays."""

    def __init__(self, *plan: Sequence[str] | OSError) -> None:
        self.plan = list(plan)
        self.count = 0
        self.reached = asyncio.Event()

    def prepare(self) -> tuple[Sequence[str], Sequence[int]]:
        self.count += 1
        if not self.plan:
            self.reached.set()
            return STAYS, ()
        step = self.plan.pop(0)
        if isinstance(step, OSError):
            raise step
        return step, ()


async def answers() -> None:
    """It answers at once."""


def child(
    starts: Starts, folder: Path, started: Callable[[], Awaitable[None]] = answers, *, may_leave: bool = False
) -> Child:
    return Child("helper", starts.prepare, started, Log(folder / "helper.log"), may_leave=may_leave)


async def test_one_that_cannot_be_started_for_a_while_is_tried_again(tmp_path: Path) -> None:
    """As while its interpreter is being installed anew, or no process more is allowed."""
    starts = Starts(("/bin/sleep", "0.05"), OSError("no process more"), ("/no/such/program",))
    one = child(starts, tmp_path)
    await one.answered()
    async with asyncio.timeout(10):
        await starts.reached.wait()
    await one.stop()
    assert starts.count == 4
    assert "no process more; starting it again" in (tmp_path / "helper.log").read_text()


async def test_one_that_could_never_be_started_says_why(tmp_path: Path) -> None:
    one = child(Starts(OSError("no process more")), tmp_path)
    with pytest.raises(ChildEnded, match="the helper ended: cannot be started: no process more"):
        await one.answered()
    await one.stop()


async def test_one_that_somebody_else_asks_to_end_is_started_again(tmp_path: Path) -> None:
    starts = Starts(LEAVES)
    one = child(starts, tmp_path)
    async with asyncio.timeout(10):
        await starts.reached.wait()
    assert not one.left.is_set()
    await one.stop()


async def test_one_that_may_leave_is_let_go(tmp_path: Path) -> None:
    starts = Starts(LEAVES)
    one = child(starts, tmp_path, may_leave=True)
    async with asyncio.timeout(10):
        await one.left.wait()
    assert starts.count == 1
    await one.stop()


async def test_one_that_is_there_and_does_not_answer_is_started_again(tmp_path: Path) -> None:
    starts = Starts(("/bin/sleep", "0.05"), STAYS)

    async def started() -> None:
        if starts.count == 2:
            raise ConnectionResetError("the line broke")

    one = child(starts, tmp_path, started)
    async with asyncio.timeout(10):
        await starts.reached.wait()
    await one.stop()
    assert "the line broke" in (tmp_path / "helper.log").read_text()
