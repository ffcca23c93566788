"""However work on a deployment is broken off, no process and no pipe is left behind."""

import asyncio
import textwrap
from pathlib import Path

import pytest

from azml.emulator.dataplane.link import Link
from azml.emulator.dataplane.table import Table
from tests.emulator.dataplane.houses import House, alive, until
from tests.emulator.dataplane.test_deployment import scoring_processes

STUBBORN = """
    import signal

    def init():
        signal.signal(signal.SIGTERM, lambda *_: print("asked to leave", flush=True))

    def run(data):
        return 1
"""


async def test_a_stop_in_the_middle_of_a_stop_is_waited_for_like_any(house: House, run_dir: Path) -> None:
    """The old instance was asked to leave and takes its time when everything is stopped."""
    (house.code / "score.py").write_text(textwrap.dedent(STUBBORN))
    await house.settled(house.desired())
    old = scoring_processes(run_dir)
    await house.settled(house.desired(environment_variables={"FLAVOUR": "two"}))
    await until(lambda: "asked to leave" in house.plane.logs("/e/blue", "inference-server", 1_000))
    await house.plane.stop()
    assert old
    assert [one for one in old if alive(one.pid)] == []


async def test_whoever_interrupts_a_publication_leaves_no_old_instance(
    house: House, run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new instances serve; the next change comes before the router has been told so."""
    await house.settled(house.desired())
    old = scoring_processes(run_dir)
    reached = asyncio.Event()
    route = Link.route

    async def slow(link: Link, routes: Table) -> None:
        if routes != before:
            reached.set()
            await asyncio.sleep(0.5)
        await route(link, routes)

    await house.endpoint({"blue": 100})
    before = house.plane.routes()
    monkeypatch.setattr(Link, "route", slow)
    await house.plane.put_deployment(house.desired(environment_variables={"FLAVOUR": "two"}))
    await asyncio.wait_for(reached.wait(), 60)
    await house.settled(house.desired(environment_variables={"FLAVOUR": "two"}, request_timeout_ms=9_000))
    await until(lambda: not [one for one in old if alive(one.pid)])
    assert len(scoring_processes(run_dir)) == 2


async def test_two_changes_at_once_leave_one_generation(house: House, run_dir: Path) -> None:
    await house.settled(house.desired())
    await asyncio.gather(
        *(house.plane.put_deployment(house.desired(environment_variables={"N": str(n)})) for n in range(3))
    )
    await house.wait("/e/blue")
    await until(lambda: len([one for one in scoring_processes(run_dir) if alive(one.pid)]) == 2)
    await house.endpoint({"blue": 100})
    assert (await house.ask({"environment": 1}))[1]["N"] == "2"
