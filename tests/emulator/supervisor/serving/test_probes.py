"""Probes are obeyed: thresholds, and what a failing one does to an instance that really hangs."""

import asyncio
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from azml.emulator.contract.deployments import Probe
from azml.emulator.contract.instance_routes import InstanceRoute
from azml.emulator.supervisor.serving.probes import Streak, healthy
from tests.emulator.harness import Harness, until

NEVER = Probe(initial_delay=3_600)
QUICK = Probe(initial_delay=0.1, period=0.1, timeout=0.2, failure_threshold=2)


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 4), st.integers(1, 4))
def test_a_state_changes_after_as_many_answers_in_a_row_as_its_threshold(
    answers: list[bool], successes: int, failures: int
) -> None:
    probe = Probe(success_threshold=successes, failure_threshold=failures)
    streak = Streak(probe, good=True)
    reply = [streak.tell(answer) for answer in answers]
    expected, state = [], True
    for answer, group in groupby(answers):
        needed = successes if answer else failures
        for position, _ in enumerate(group, start=1):
            state = answer if position >= needed else state
            expected.append(state)
    assert reply == expected


async def test_an_instance_that_is_not_ready_gets_nothing_and_the_others_serve_meanwhile(
    harness: Harness,
) -> None:
    """And it is not started again."""
    await harness.endpoint({"blue": 100})
    one = harness.desired(readiness=QUICK, liveness=NEVER, max_concurrent_requests_per_instance=4)
    await harness.settled(one)
    _, before = await harness.ask({})
    hanging = asyncio.create_task(harness.ask({"sleep": 2}))
    await until(lambda: harness.dataplane.observe("/e/blue").instances_ready == 0)
    status, answer = await harness.ask({})
    assert (status, answer["error"]["code"]) == (503, "ServiceUnavailable")
    assert (await hanging)[0] == 200, "what it had before is answered"
    while (answer := await harness.ask({}))[0] == 503:  # a slow machine may miss another probe
        await asyncio.sleep(0.05)
    assert answer[1]["pid"] == before["pid"]

    await harness.settled(replace(one, instance_count=2))
    await the_others_serve_while_one_is_not_ready(harness)


async def the_others_serve_while_one_is_not_ready(harness: Harness) -> None:
    hanging = asyncio.create_task(harness.ask({"sleep": 2}))
    await until(lambda: harness.dataplane.observe("/e/blue").instances_ready == 1)
    answers = [await harness.ask({}) for _ in range(10)]
    assert {status for status, _ in answers} == {200}
    assert len({item["pid"] for _, item in answers}) == 1
    status, hung = await hanging
    assert status == 200
    assert hung["pid"] not in {item["pid"] for _, item in answers}


async def test_before_its_initial_delay_liveness_restarts_nothing(harness: Harness) -> None:
    await harness.endpoint({"blue": 100})
    strict = Probe(initial_delay=30, period=0.05, timeout=0.05, failure_threshold=1)
    await harness.settled(harness.desired(liveness=strict, readiness=NEVER))
    _, before = await harness.ask({"sleep": 0.5})
    assert (await harness.ask({}))[1]["pid"] == before["pid"]


async def test_a_probe_that_wants_two_good_answers_is_not_content_with_one(
    harness: Harness, run_dir: Path
) -> None:
    twice = Probe(initial_delay=0.1, period=3_600, timeout=2, success_threshold=2)
    await harness.dataplane.put_deployment(harness.desired(readiness=twice, liveness=NEVER))
    ready = "ready for serving traffic"
    await until(lambda: ready in harness.dataplane.logs("/e/blue", "inference-server", 100))
    (instance,) = run_dir.rglob("*.sock")
    assert await healthy(InstanceRoute(str(instance), "/"), 5)
    assert harness.dataplane.observe("/e/blue").instances_ready == 0
    assert harness.dataplane.observe("/e/blue").state == "starting"
