"""What happens to requests when clients, processes or patience give out, with the real server."""

import asyncio
import json
import os
import signal
import time
from pathlib import Path

import psutil

from azml.emulator.contract.instance_routes import InstanceRoute
from azml.emulator.supervisor.serving.probes import healthy
from tests.emulator.harness import KEY, Harness
from tests.emulator.supervisor.serving.test_deployment import scoring_processes


async def test_fifty_slow_requests_at_once_each_get_their_own_answer(harness: Harness, run_dir: Path) -> None:
    """Whatever is not answered is refused as too much; and in the end no process is left."""
    await harness.endpoint({"blue": 100})
    three = harness.desired(
        instance_count=3, max_concurrent_requests_per_instance=6, request_timeout_ms=60_000
    )
    await harness.settled(three)
    answers = await asyncio.gather(*(harness.ask({"sleep": 0.3, "number": number}) for number in range(50)))
    good = [(number, item) for number, (status, item) in enumerate(answers) if status == 200]
    assert {status for status, _ in answers} == {200, 429}
    assert len(good) == 2 * 6 * 3, "three instances of six, and as many waiting"
    assert all(item["asked"]["number"] == number for number, item in good)
    assert len({item["pid"] for _, item in good}) == 3
    late = [asyncio.create_task(harness.ask({"sleep": 30})) for _ in range(18)]
    family = scoring_processes(run_dir)
    await at_instances(harness, len(late))
    await harness.dataplane.stop()
    assert {status for status, _ in await asyncio.gather(*late)} <= {502, 503}
    assert psutil.wait_procs(family, timeout=5)[1] == []


async def test_clients_that_go_away_and_processes_that_are_killed_cost_nobody_else_an_answer(
    harness: Harness,
) -> None:
    await harness.endpoint({"blue": 100})
    await harness.settled(harness.desired(max_concurrent_requests_per_instance=8, request_timeout_ms=60_000))
    await clients_that_go_away_take_nothing_along(harness)
    await a_request_whose_process_is_killed_is_a_502_and_the_next_is_answered(harness)


async def clients_that_go_away_take_nothing_along(harness: Harness) -> None:
    """Half a head, half a body, or a whole request and no patience: the next client gets its own answer."""
    _, before = await harness.ask({})
    body = json.dumps({"sleep": 0.2, "from": "one that left"}).encode()
    head = (
        f"POST /westeurope/e/score HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    for part in (head[:40], head, head + body[:5], head + body):
        for _ in range(3):
            _, writer = await asyncio.open_connection("127.0.0.1", harness.port, ssl=harness.trust)
            writer.write(part)
            await writer.drain()
            writer.transport.abort()
    answers = await asyncio.gather(*(harness.ask({"mine": number}) for number in range(6)))
    assert [item["asked"] for _, item in answers] == [{"mine": number} for number in range(6)]
    assert {item["pid"] for _, item in answers} == {before["pid"]}


async def a_request_whose_process_is_killed_is_a_502_and_the_next_is_answered(harness: Harness) -> None:
    _, reply = await harness.ask({})
    master = psutil.Process(reply["pid"]).ppid()
    for victim in (reply["pid"], master):
        asked = asyncio.create_task(harness.ask({"sleep": 60}))
        await at_work(harness)
        os.kill(victim, signal.SIGKILL)
        status, answer = await asked
        assert (status, answer["error"]["code"]) == (502, "BadGateway")
        await answered(harness)


async def at_work(harness: Harness) -> None:
    """Wait until the one worker is inside run(): then it answers no probe."""
    (instance,) = harness.dataplane.routes().endpoints[0].deployments[0].instances
    deadline = time.monotonic() + 20
    while await healthy(InstanceRoute(instance.address, "/"), 0.2):
        assert time.monotonic() < deadline


async def answered(harness: Harness) -> None:
    """Wait until it serves again."""
    deadline = time.monotonic() + 30
    while (await harness.ask({"x": 1}))[0] != 200:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def at_instances(harness: Harness, count: int) -> None:
    """Wait until the instances have as many requests."""
    instances = harness.dataplane.routes().endpoints[0].deployments[0].instances
    deadline = time.monotonic() + 20
    while await harness.dataplane._router_client.busy(instances) < count:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
