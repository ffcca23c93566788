"""What the page is told, without a page: health, the user's own line, what a log grew by, and the stream."""

import asyncio
import json
from collections.abc import Mapping, MutableMapping
from typing import Any

import pytest

from azml.emulator.control.arm.errors import ArmError, bad_request
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.store import Record
from azml.emulator.control.monitor.alert_states import Alert
from azml.emulator.control.studio import live
from azml.emulator.control.studio.blame import OwnLine, own_line
from azml.emulator.control.studio.health import Health, SlotState, endpoint_health
from azml.emulator.control.studio.live import STREAM_LIMIT, Live
from azml.emulator.control.studio.looks import added
from azml.emulator.control.studio.views import (
    FROM_MODEL,
    Activity,
    FiringAlert,
    activity,
    deployment_view,
    firing_alert,
    minutes,
)
from tests.fixtures.control_plane import ENDPOINT, GROUP, deployment_body, endpoint_body


def deployment(
    name: str, state: str = "Succeeded", traffic: int = 0, ready: int = 1, running: str = "ready"
) -> SlotState:
    return SlotState(name, state, running, ready, 1, traffic)


RED = deployment("red", "Failed", ready=0, running="failed")


@pytest.mark.parametrize(
    ("deployments", "health"),
    [
        ([], Health("idle", "No deployment")),
        ([deployment("blue")], Health("idle", "No traffic")),
        ([RED], Health("bad", "red failed")),
        ([deployment("blue"), RED], Health("warn", "No traffic; red failed")),
        ([deployment("blue", "Creating", ready=0)], Health("busy", "blue is Creating")),
        ([deployment("blue", traffic=100)], Health("good", "Serving")),
        ([deployment("blue", traffic=100), RED], Health("warn", "Serving; red failed")),
        ([deployment("blue", "Failed", 100)], Health("warn", "The update of blue failed")),
        (
            [deployment("blue", "Failed", 60, 0, "failed"), deployment("green", traffic=40)],
            Health("bad", "blue failed and gets 60 % of requests"),
        ),
        ([deployment("blue", traffic=100, ready=0, running="starting")], Health("busy", "blue is starting")),
        (
            [deployment("blue", traffic=100), deployment("green", "Updating")],
            Health("busy", "Serving; green is Updating"),
        ),
        ([SlotState("blue", "Succeeded", "ready", 1, 3, 100)], Health("warn", "blue: 1 of 3 instances")),
    ],
)
def test_an_endpoint_is_as_its_deployments_are(deployments: list[SlotState], health: Health) -> None:
    assert endpoint_health("Succeeded", deployments) == health


def test_an_alert_that_fires_is_said_unless_something_is_worse() -> None:
    serving = [deployment("blue", traffic=100)]
    assert endpoint_health("Succeeded", serving, ["slow"]) == Health("warn", "Alert: slow")
    assert endpoint_health("Updating", serving, ["slow", "busy"]) == Health("warn", "2 alerts: slow")
    assert endpoint_health("Succeeded", [RED], ["slow"]) == Health("bad", "red failed")


def test_an_alert_is_shown_with_its_condition_and_its_series() -> None:
    place = f"{GROUP}/providers/Microsoft.Insights/metricAlerts/slow"
    body = {"severity": 1, "description": "latency is above 5 ms"}
    rule = Record(resource_id(place), {"properties": body})
    alert = Alert("a", {"deployment": "blue"}, 9.0, fired=60.0)
    shown = firing_alert(rule, alert)
    assert shown == FiringAlert("slow", 1, "latency is above 5 ms (deployment blue)", 60.0)


def test_a_write_that_runs_hides_nothing_that_is_wrong() -> None:
    assert endpoint_health("Updating", [deployment("blue", traffic=100)]) == Health("busy", "Updating")
    assert endpoint_health("Updating", [RED]).level == "bad"
    assert endpoint_health("Failed", []) == Health("bad", "The endpoint is Failed")
    assert endpoint_health("Deleting", [RED]) == Health("busy", "Deleting")


LIBRARY = """\
  File "/cache/lib/python3.11/site-packages/server/user_script.py", line 119, in invoke_init
    self._user_init()
"""
CHAIN = f"""\
2026-11-25 17:43:56,801 E [23900] azmlinfsrv - User's init function failed
2026-11-25 17:43:56,801 E [23900] azmlinfsrv - Encountered Exception Traceback (most recent call last):
{LIBRARY}  File "/run/instances/12/code/score.py", line 5, in init
    model = load(path)
            ^^^^^^^^^^
  File "/run/instances/12/code/lib_of_mine/load.py", line 12, in load
    return joblib.load(path)
{LIBRARY}FileNotFoundError: [Errno 2] No such file or directory: 'model.pkl'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
{LIBRARY}server.user_script.UserScriptException: Caught an unhandled exception from the user script
"""
BROKEN = """\
  File "/run/instances/12/code/src/score.py", line 3
    def init(:
             ^
SyntaxError: invalid syntax
"""


def test_a_log_leads_with_the_last_line_of_the_users_own() -> None:
    error = "FileNotFoundError: [Errno 2] No such file or directory: 'model.pkl'"
    assert own_line(CHAIN) == OwnLine(error, "lib_of_mine/load.py", 12, "load", "return joblib.load(path)")
    assert own_line(BROKEN) == OwnLine("SyntaxError: invalid syntax", "src/score.py", 3, "", "def init(:")


def test_without_a_line_of_the_users_own_it_leads_with_the_error() -> None:
    ours = CHAIN.replace("/run/instances/12/code/", "/cache/lib/python3.11/")
    assert own_line(ours) == OwnLine(
        "server.user_script.UserScriptException: Caught an unhandled exception from the user script"
    )
    assert own_line("solving the environment\nno package is called scikit-lern\n") is None


def test_of_a_log_that_grew_and_lost_its_beginning_only_the_new_lines_count() -> None:
    assert added("", "one\n") == "one\n"
    assert added("one\n", "one\ntwo\n") == "two\n"
    assert added("one\ntwo\nthree\n", "two\nthree\nfour\n") == "four\n"
    assert added("one\n", "one\n") == ""
    assert added("one\ntwo\n", "other\n") is None
    assert added("one\nhal", "one\nhalf\n") == "f\n"


def entry(deployment: str, minute: int, *requests: tuple[int, int]) -> Mapping[str, object]:
    counts = [[status, status, count] for status, count in requests]
    return {
        "deployment": deployment,
        "minute": minute,
        "requests": counts,
        "latency": {"p50": 1.0, "p95": 2.0},
    }


def test_failures_are_counted_by_their_status() -> None:
    report = [entry("blue", 60, (200, 5), (424, 2), (429, 1)), entry("green", 60, (424, 1))]
    assert dict(minutes(report)["blue"][0].failed) == {424: 2, 429: 1}
    assert minutes(report)["blue"][0].requests == 8
    assert activity(report) == [Activity(60, 9, 4)]


def test_an_mlflow_models_environment_is_the_models_own() -> None:
    endpoint = Record(resource_id(ENDPOINT), endpoint_body())
    body = deployment_body()
    shown = deployment_view(endpoint, Record(resource_id(f"{ENDPOINT}/deployments/blue"), body), None)
    assert shown.environment == "e:1"
    del body["properties"]["environmentId"], body["properties"]["codeConfiguration"]
    shown = deployment_view(endpoint, Record(resource_id(f"{ENDPOINT}/deployments/blue"), body), None)
    assert shown.environment == FROM_MODEL


class Client:
    """Reads a stream as an ASGI server sends it; `take` waits for the next piece."""

    def __init__(self, streams: Live, look: live.Look, admitted: bool = True) -> None:
        self.admitted = admitted
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue()
        self._left = asyncio.Event()
        self.response = streams.stream(look, lambda: self.admitted)
        self._slot = asyncio.Semaphore(1)
        self.task = asyncio.create_task(self.response({"type": "http"}, self._receive, self._send))

    async def _receive(self) -> MutableMapping[str, Any]:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.body" and message["body"]:
            await self._slot.acquire()
            assert isinstance(message["body"], bytes)
            self._pieces.put_nowait(message["body"])

    async def take(self) -> dict[str, Json]:
        piece = (await asyncio.wait_for(self._pieces.get(), 5)).decode()
        self._slot.release()
        found = [
            dict(line.split(": ", 1) for line in part.split("\n")) for part in piece.strip().split("\n\n")
        ]
        return {one["event"]: json.loads(one["data"]) for one in found}

    async def leave(self) -> None:
        self._left.set()
        await self.task


class Looked:
    """A look that finds a higher number each time, and a thing that stays."""

    def __init__(self) -> None:
        self.count = 0
        self.failure: ArmError | None = None

    async def __call__(self) -> Mapping[str, Json]:
        self.count += 1
        if self.failure:
            raise self.failure
        return {"count": {"n": self.count}, "still": {"x": 1}}


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PERIOD", 0.0)


@pytest.mark.usefixtures("at_once")
async def test_a_stream_tells_what_changed_and_why_it_cannot() -> None:
    look = Looked()
    client = Client(Live(), look)
    assert await client.take() == {"count": {"n": 1}, "still": {"x": 1}, "trouble": {}}
    assert (await client.take()).keys() == {"count"}
    look.failure = bad_request("Not now.")
    while "trouble" not in (given := await client.take()):
        pass
    assert given == {"trouble": {"status": 400, "message": "Not now."}}
    await client.leave()


@pytest.mark.usefixtures("at_once")
async def test_nothing_is_looked_up_for_a_client_that_does_not_read() -> None:
    look = Looked()
    client = Client(Live(), look)
    for _ in range(200):
        await asyncio.sleep(0)
    assert look.count <= 2  # the one that was sent and the one that waits
    await client.leave()


async def test_a_stream_ends_with_its_session_and_with_the_server() -> None:
    streams = Live()
    first, second = Client(streams, Looked()), Client(streams, Looked())
    await first.take()
    await second.take()
    streams.end()
    await asyncio.wait_for(asyncio.gather(first.task, second.task), 1)
    refused = Client(Live(), Looked(), admitted=False)
    await asyncio.wait_for(refused.task, 1)


async def test_streams_have_a_limit_and_one_that_is_left_makes_way() -> None:
    streams = Live()
    clients = [Client(streams, Looked()) for _ in range(STREAM_LIMIT)]
    for client in clients:
        await client.take()
    with pytest.raises(ArmError, match="close one"):
        streams.stream(Looked(), lambda: True)
    for client in clients:
        await client.leave()
    streams.stream(Looked(), lambda: True)
