"""However work on a deployment is broken off, no process and no pipe is left behind."""

import asyncio
import re
import textwrap
from pathlib import Path

import pytest

from azml.emulator.contract.routing_table import RoutingTable
from azml.emulator.supervisor.serving.router_client import RouterClient
from tests.emulator.harness import Harness, alive, until
from tests.emulator.supervisor.serving.test_deployment import scoring_processes

STUBBORN = """
    import signal

    def init():
        signal.signal(signal.SIGTERM, lambda *_: print("asked to leave", flush=True))

    def run(data):
        return 1
"""


LAST_WORDS = """
import atexit, gc

atexit.register(lambda: print("the last word of", os.environ["N"], "with", gc.get_threshold()[0]))
if "KEPT" in os.environ:
    kept = open(os.environ["KEPT"], "w")
    kept.write("what nobody has flushed")
"""


async def test_a_stop_in_the_middle_of_a_stop_is_waited_for_like_any(harness: Harness, run_dir: Path) -> None:
    """The old instance was asked to leave and takes its time when everything is stopped."""
    (harness.code / "score.py").write_text(textwrap.dedent(STUBBORN))
    await harness.settled(harness.desired())
    old = scoring_processes(run_dir)
    await harness.settled(harness.desired(environment_variables={"FLAVOUR": "two"}))
    await until(lambda: "asked to leave" in harness.dataplane.logs("/e/blue", "inference-server", 1_000))
    await harness.dataplane.stop()
    assert old
    await until(lambda: not [one for one in old if alive(one.pid)])


async def test_whoever_interrupts_a_publication_leaves_no_old_instance(
    harness: Harness, run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new instances serve; the next change comes before the router has been told so."""
    await harness.settled(harness.desired())
    old = scoring_processes(run_dir)
    reached = asyncio.Event()
    route = RouterClient.route

    async def slow(router_client: RouterClient, routes: RoutingTable) -> None:
        if routes != before:
            reached.set()
            await asyncio.sleep(0.5)
        await route(router_client, routes)

    await harness.endpoint({"blue": 100})
    before = harness.dataplane.routes()
    monkeypatch.setattr(RouterClient, "route", slow)
    await harness.dataplane.put_deployment(harness.desired(environment_variables={"FLAVOUR": "two"}))
    await asyncio.wait_for(reached.wait(), 60)
    await harness.settled(harness.desired(environment_variables={"FLAVOUR": "two"}, request_timeout_ms=9_000))
    await until(lambda: not [one for one in old if alive(one.pid)])
    assert len(scoring_processes(run_dir)) == 2


async def test_two_changes_at_once_leave_one_generation(harness: Harness, run_dir: Path) -> None:
    """Each that is asked to stop does what its script has registered, and saves its files."""
    script = harness.code / "score.py"
    script.write_text(script.read_text() + LAST_WORDS)
    kept = harness.code.parent / "kept"
    await harness.settled(harness.desired(environment_variables={"N": "first", "KEPT": str(kept)}))
    await asyncio.gather(
        *(
            harness.dataplane.put_deployment(harness.desired(environment_variables={"N": str(n)}))
            for n in range(3)
        )
    )
    await harness.wait("/e/blue")
    await until(lambda: len([one for one in scoring_processes(run_dir) if alive(one.pid)]) == 2)
    await harness.endpoint({"blue": 100})
    assert (await harness.ask({"environment": 1}))[1]["N"] == "2"
    await harness.dataplane.stop()
    log = harness.dataplane.logs("/e/blue", "inference-server", 1_000)
    words = re.findall(r"the last word of (first|2) with (\d+)", log)
    assert [name for name, _ in words] == ["first", "2"]
    assert all(int(objects) < 10_000 for _, objects in words), "garbage is looked for as often as ever"
    assert kept.read_text() == "what nobody has flushed"
