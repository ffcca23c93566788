"""What `azml invoke --traces` says of one request, from what Log Analytics answers."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from azml.azure.arm import Arm
from azml.azure.settings import AzureSettings
from azml.cli.commands import invoke
from azml.cli.endpoints import endpoints, scoring, telemetry
from azml.cli.endpoints.endpoints import OnlineDeployment, OnlineEndpoint
from azml.cli.endpoints.scoring import Refused, Request
from azml.cli.endpoints.telemetry import Telemetry, arrived
from azml.cli.failure import CommandError, InputError

LOGS, COMPONENT = "/logs", "/o'neil"
SENT = datetime(2026, 11, 26, 12, tzinfo=UTC)
REQUEST = {
    "TimeGenerated": "2026-11-26T12:00:01Z",
    "Started": "2026-11-26T12:00:00.5Z",
    "Status": "200",
    "Duration": "00:00:00.500",
    "AppRoleName": "any",
    "AppRoleInstance": "vm",
}


class Logs(Arm):
    """Answers queries in turn, each with rows; the last answer stays."""

    def __init__(self, *answers: list[dict[str, str]]) -> None:
        super().__init__(AzureSettings())
        self.answers = list(answers)
        self.asked: list[str] = []

    def post(self, path: str, api_version: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        assert (path, api_version) == ("/logs/query", "2017-10-01")
        self.asked.append((body or {})["query"])
        rows = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        columns = [{"name": name} for name in (rows[0] if rows else ())]
        table = {"name": "PrimaryResult", "columns": columns, "rows": [list(row.values()) for row in rows]}
        return {"tables": [table]}


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that each look moves by ten seconds."""
    clock = [0.0]

    def now() -> float:
        clock[0] += 10
        return clock[0]

    monkeypatch.setattr(telemetry, "monotonic", now)
    return clock


def lines(logs: Logs) -> list[str]:
    return list(arrived(Telemetry(logs, COMPONENT, LOGS), "id-1", SENT, lambda: None, 60.0))


@pytest.mark.usefixtures("time")
def test_a_request_is_waited_for_and_then_what_its_instance_traced_meanwhile() -> None:
    traces = [{"TimeGenerated": "x", "Message": text} for text in ("one", "two")]
    logs = Logs([], [], [REQUEST], [], traces)
    assert lines(logs) == ["2026-11-26T12:00:01Z status 200, 00:00:00.500", "one", "two"]
    assert "TimeGenerated >= datetime(2026-11-26T11:50:00Z)" in logs.asked[0], "the clocks may differ"
    assert r"_ResourceId =~ '/o\'neil'" in logs.asked[0]
    assert "between (datetime(2026-11-26T12:00:00.5Z) .. datetime(2026-11-26T12:00:01Z))" in logs.asked[-1]
    assert "AppRoleName == 'any' and AppRoleInstance == 'vm'" in logs.asked[-1]


@pytest.mark.usefixtures("time")
def test_a_script_that_prints_nothing_has_no_trace_and_no_error() -> None:
    assert "printed nothing" in lines(Logs([REQUEST], []))[1]


def test_a_request_that_never_comes_is_an_error_after_ten_minutes(time: list[float]) -> None:
    with pytest.raises(CommandError, match="had no request id-1 after 10 minutes"):
        lines(Logs([]))
    assert 600 <= time[0] <= 620


class Workspace(Arm):
    def __init__(self, there: Mapping[str, Any]) -> None:
        super().__init__(AzureSettings())
        self.there = there

    def get(
        self, path: str, api_version: str, query: Mapping[str, str] | None = None
    ) -> dict[str, Any] | None:
        found = self.there.get(path)
        return None if found is None else {"properties": found}


@pytest.mark.parametrize(
    ("component", "found"),
    [({"WorkspaceResourceId": LOGS}, True), ({}, False), (None, False)],
)
def test_a_component_sends_to_log_analytics_or_cannot_be_asked(component: Any, found: bool) -> None:
    arm = Workspace({"/ws": {"applicationInsights": "/c"}, "/c": component})
    connection: Any = SimpleNamespace(arm=arm, workspace=SimpleNamespace(id="/ws", name="ws"))
    if found:
        assert telemetry.find(connection) == Telemetry(arm, "/c", LOGS)
    else:
        with pytest.raises(CommandError, match="sends to no Log Analytics"):
            telemetry.find(connection)


def endpoint(**properties: object) -> OnlineEndpoint:
    slot = OnlineDeployment("blue", "Succeeded", "any", 1, {}, properties)
    found: Any = SimpleNamespace(name="e", scoring_uri="https://e", deployment=lambda name: slot)
    return found  # type: ignore[no-any-return]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The command past its connection; the model fails, and its request has a trace."""
    carried: list[Request] = []

    def send(*asked: Any) -> bytes:
        carried.append(asked[-1])
        raise Refused("e", "blue", 424, b"as asked")

    monkeypatch.setattr(endpoints, "bearer", lambda *_: "key")
    monkeypatch.setattr(scoring, "send", send)
    monkeypatch.setattr(telemetry, "find", lambda connection: None)
    monkeypatch.setattr(telemetry, "arrived", lambda source, own, *_: [f"trace of {own}"])
    connection: Any = SimpleNamespace(arm=Arm(AzureSettings()), stack=SimpleNamespace(local=True))

    def call(found: OnlineEndpoint, slot: str | None) -> tuple[str, str]:
        with pytest.raises(CommandError) as raised:
            invoke._traced(connection, found, slot, Request(b"[]", "application/json"))
        if carried:
            assert f"trace of {carried[-1].client_id}" in capsys.readouterr().err
        return type(raised.value).__name__, str(raised.value)

    return call


def test_traces_of_a_failed_request_are_shown_before_its_error(command: Any) -> None:
    assert command(endpoint(appInsightsEnabled=True), "blue")[0] == Refused.__name__


def test_traces_need_one_deployment_that_sends_some(command: Any) -> None:
    kind, given = command(endpoint(), "blue")
    assert kind == InputError.__name__
    assert "app_insights_enabled: true" in given
    assert "--deployment SLOT" in command(endpoint(appInsightsEnabled=True), None)[1]
