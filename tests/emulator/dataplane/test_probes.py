"""Probes are obeyed: thresholds, and what a failing one does to an instance that really hangs."""

import asyncio
from itertools import groupby
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from azml.emulator.dataplane.contract import Probe
from azml.emulator.dataplane.doors import Door
from azml.emulator.dataplane.probing import Streak, healthy
from tests.emulator.dataplane.houses import House, until

NEVER = Probe(initial_delay=3_600)
QUICK = Probe(initial_delay=0.1, period=0.1, timeout=0.2, failure_threshold=2)


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 4), st.integers(1, 4))
def test_a_state_changes_after_as_many_answers_in_a_row_as_its_threshold(
    answers: list[bool], successes: int, failures: int
) -> None:
    probe = Probe(success_threshold=successes, failure_threshold=failures)
    streak = Streak(probe, good=True)
    told = [streak.tell(answer) for answer in answers]
    expected, state = [], True
    for answer, group in groupby(answers):
        needed = successes if answer else failures
        for position, _ in enumerate(group, start=1):
            state = answer if position >= needed else state
            expected.append(state)
    assert told == expected


async def test_an_instance_that_is_not_ready_gets_nothing_and_is_not_started_again(house: House) -> None:
    await house.endpoint({"blue": 100})
    await house.settled(house.desired(readiness=QUICK, liveness=NEVER))
    _, before = await house.ask({})
    hanging = asyncio.create_task(house.ask({"sleep": 2}))
    await until(lambda: house.plane.observe("/e/blue").instances_ready == 0)
    status, told = await house.ask({})
    assert (status, told["error"]["code"]) == (503, "ServiceUnavailable")
    assert (await hanging)[0] == 200, "what it had before is answered"
    await until(lambda: house.plane.observe("/e/blue").instances_ready == 1)
    assert (await house.ask({}))[1]["pid"] == before["pid"]


async def test_the_others_serve_while_one_is_not_ready(house: House) -> None:
    await house.endpoint({"blue": 100})
    two = house.desired(
        readiness=QUICK, liveness=NEVER, instance_count=2, max_concurrent_requests_per_instance=4
    )
    await house.settled(two)
    hanging = asyncio.create_task(house.ask({"sleep": 2}))
    await until(lambda: house.plane.observe("/e/blue").instances_ready == 1)
    answers = [await house.ask({}) for _ in range(10)]
    assert {status for status, _ in answers} == {200}
    assert len({told["pid"] for _, told in answers}) == 1
    status, hung = await hanging
    assert status == 200
    assert hung["pid"] not in {told["pid"] for _, told in answers}


async def test_before_its_initial_delay_liveness_restarts_nothing(house: House) -> None:
    await house.endpoint({"blue": 100})
    strict = Probe(initial_delay=30, period=0.05, timeout=0.05, failure_threshold=1)
    await house.settled(house.desired(liveness=strict, readiness=NEVER))
    _, before = await house.ask({"sleep": 0.5})
    assert (await house.ask({}))[1]["pid"] == before["pid"]


async def test_a_probe_that_wants_two_good_answers_is_not_content_with_one(
    house: House, run_dir: Path
) -> None:
    twice = Probe(initial_delay=0.1, period=3_600, timeout=2, success_threshold=2)
    await house.plane.put_deployment(house.desired(readiness=twice, liveness=NEVER))
    ready = "ready for serving traffic"
    await until(lambda: ready in house.plane.logs("/e/blue", "inference-server", 100))
    (instance,) = run_dir.rglob("*.sock")
    assert await healthy(Door(str(instance), "/"), 5)
    assert house.plane.observe("/e/blue").instances_ready == 0
    assert house.plane.observe("/e/blue").state == "starting"
