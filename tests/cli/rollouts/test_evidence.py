"""What a look finds: counts of a step, percentiles of its whole minutes, answers; or why nothing."""

import json
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from http.client import RemoteDisconnected
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from azml.azure.errors import UnreachableError
from azml.azure.http import Response
from azml.cli.rollouts.slots import Slots
from azml.cli.rollouts.sources import traffic_log
from azml.cli.rollouts.sources.evidence import AzureEvidence
from azml.cli.rollouts.sources.requests import Requests
from azml.rollout.gates import AgreementGate, Field, RateGate, SmokeGate, ThresholdGate
from azml.rollout.judging.looks import Answer, Counted, Matches, Measured, Missing, Replayed, Smoked
from azml.rollout.statistics.comparison import Seen
from tests.cli.rollouts.azure import ENDPOINT, Wire, connection, endpoint

ERRORS = RateGate("errors", 0.01)
P95 = ThresholdGate("p95", "latency_p95", 0.25)
SAME = AgreementGate("same", "requests.jsonl", 4, (Field("$.label", 0.5),))
SMOKE = SmokeGate("smoke", "requests/*.json")
ENTERED = 1_700_000_030.0
"""Half a minute into a minute."""
OPENED = 1_700_000_000.0 - 1_700_000_000.0 % 60
METRICS = f"GET {ENDPOINT}/providers/Microsoft.Insights/metrics"


class Monitor:
    """Azure Monitor, with these values by deployment, status and minute."""

    def __init__(self, wire: Wire) -> None:
        self.values: dict[tuple[str, str, float], float] = {}
        self.asked: list[dict[str, list[str]]] = []
        wire.answers[METRICS] = self._answer

    def _answer(self, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        query = parse_qs(urlsplit(url).query)
        self.asked.append(query)
        aggregation = query["aggregation"][0].lower()
        series = [
            {
                "metadatavalues": [
                    {"name": {"value": "deployment"}, "value": deployment},
                    {"name": {"value": "statuscode"}, "value": status},
                ],
                "data": [{"timeStamp": f"{datetime.fromtimestamp(minute, UTC):%FT%TZ}", aggregation: value}],
            }
            for (deployment, status, minute), value in self.values.items()
        ]
        return Response(200, {}, json.dumps({"value": [{"timeseries": series}]}).encode(), url)


@pytest.fixture
def wire() -> Wire:
    made = Wire()
    endpoint(made, {"blue": 95, "green": 5}, {"blue": {}, "green": {}})
    made.tell(f"POST {ENDPOINT}/listKeys", {"primaryKey": "key"})
    return made


@pytest.fixture
def monitor(wire: Wire) -> Monitor:
    return Monitor(wire)


@pytest.fixture
def evidence(wire: Wire, tmp_path: Path) -> AzureEvidence:
    (tmp_path / "requests").mkdir()
    (tmp_path / "requests" / "one.json").write_text('{"number": 1}')
    (tmp_path / "requests.jsonl").write_text("\n\n".join(f'{{"number": {one}}}' for one in (1, 2, 3, 4)))
    held = connection(wire)
    return AzureEvidence(held, ENDPOINT, Slots("blue", "green"), Requests(held, "echo"), tmp_path)


def test_a_step_counts_its_own_requests_once(evidence: AzureEvidence, monitor: Monitor) -> None:
    """Those of the minute it began in, up to the first look, may be from before."""
    monitor.values = {("green", "200", OPENED): 50, ("Blue", "500", OPENED): 9}
    assert evidence.look(ERRORS, ENTERED, ENTERED + 10, ENTERED) == Counted(Seen(0, 0), Seen(0, 0))
    monitor.values |= {("green", "200", OPENED): 60, ("green", "500", OPENED + 60): 2}
    assert evidence.look(ERRORS, ENTERED + 10, ENTERED + 70, ENTERED) == Counted(Seen(12, 2), Seen(0, 0))
    assert evidence.look(ERRORS, ENTERED + 70, ENTERED + 80, ENTERED) == Counted(Seen(0, 0), Seen(0, 0))
    # Azure leaves out all but ten series unless it is asked for more.
    assert monitor.asked[-1]["top"] == ["1000"]
    assert monitor.asked[-1]["$filter"] == ["deployment eq '*' and statusCode eq '*'"]


def test_after_a_restart_nothing_is_counted_twice(evidence: AzureEvidence, monitor: Monitor) -> None:
    monitor.values = {("green", "200", OPENED + 60 * place): 10 for place in range(5)}
    found = evidence.look(ERRORS, OPENED + 190, OPENED + 250, ENTERED)
    assert found == Counted(Seen(10, 0), Seen(0, 0))


def test_a_metric_without_a_value_and_a_source_that_fails_find_nothing_out(
    evidence: AzureEvidence, monitor: Monitor, wire: Wire
) -> None:
    """Never zero: a gate that nothing is known of neither passes nor fails."""
    empty = evidence.look(ERRORS, ENTERED, ENTERED + 60, ENTERED)
    assert isinstance(empty, Missing) and "no value of RequestsPerMinute" in empty.reason
    wire.tell(METRICS, {"error": {"code": "BadRequest", "message": "no such metric"}}, 400)
    for gate in (ERRORS, P95):
        refused = evidence.look(gate, ENTERED, ENTERED + 60, ENTERED)
        assert isinstance(refused, Missing) and "no such metric" in refused.reason
    slow = evidence.look(RateGate("slow", 0.05, slower_than=0.25), ENTERED, ENTERED + 60, ENTERED)
    assert isinstance(slow, Missing) and "latency_p95" in slow.reason


def test_a_candidate_without_requests_has_none_where_others_have_some(
    evidence: AzureEvidence, monitor: Monitor
) -> None:
    monitor.values = {("blue", "200", OPENED + 60): 40}
    assert evidence.look(ERRORS, ENTERED, ENTERED + 60, ENTERED) == Counted(Seen(0, 0), Seen(40, 0))


def test_percentiles_are_of_whole_minutes_of_the_step(evidence: AzureEvidence, monitor: Monitor) -> None:
    monitor.values = {("green", "", OPENED + 60 * place): 100.0 * place for place in range(4)}
    monitor.values |= {("blue", "", OPENED + 60): 900.0}
    assert evidence.look(P95, ENTERED, OPENED + 130, ENTERED) == Measured((0.1,))
    assert evidence.look(P95, OPENED + 130, OPENED + 250, ENTERED) == Measured((0.2, 0.3))


def scored(wire: Wire, answers: Mapping[str, Any]) -> None:
    """Answer requests by deployment: a document, or a status."""

    def answer(url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        found = answers[headers["azureml-model-deployment"]]
        return Response(found) if isinstance(found, int) else Response(200, {}, json.dumps(found).encode())

    wire.answers["POST /score"] = answer


def broken(wire: Wire, why: Exception, times: int = 99) -> None:
    """Break the connection of so many requests, as `Http` tells it; then answer."""
    left = [why] * times

    def answer(url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        if left:
            raise UnreachableError("broken") from left.pop()
        return Response(200, {}, b'{"label": "a"}')

    wire.answers["POST /score"] = answer


def test_recorded_requests_are_sent_to_both_until_the_sample_is_complete(
    evidence: AzureEvidence, wire: Wire
) -> None:
    scored(wire, {"blue": {"label": "a"}, "green": {"label": "a"}})
    for _ in range(2):
        found = evidence.look(SAME, ENTERED, ENTERED + 1, ENTERED)
        assert isinstance(found, Replayed) and found.fields == {"$.label": Matches(4, 4)}
    assert sum(path == "/score" for _, path, _ in wire.seen) == 8


def test_a_candidate_that_does_not_answer_agrees_in_nothing(evidence: AzureEvidence, wire: Wire) -> None:
    scored(wire, {"blue": {"label": "a"}, "green": 424})
    found = evidence.look(SAME, ENTERED, ENTERED + 1, ENTERED)
    assert isinstance(found, Replayed) and found.fields == {"$.label": Matches(4, 0)}


def test_where_stable_does_not_answer_nothing_is_compared(evidence: AzureEvidence, wire: Wire) -> None:
    scored(wire, {"blue": 500, "green": {"label": "a"}})
    found = evidence.look(SAME, ENTERED, ENTERED + 1, ENTERED)
    assert isinstance(found, Missing) and "answered 4 of 4 replayed requests with 500" in found.reason


def test_what_could_not_be_compared_is_asked_again(evidence: AzureEvidence, wire: Wire) -> None:
    """A sample that a bad moment of the stable deployment had made smaller would never be complete."""
    scored(wire, {"blue": 503, "green": {"label": "a"}})
    assert isinstance(evidence.look(SAME, ENTERED, ENTERED + 1, ENTERED), Missing)
    scored(wire, {"blue": {"label": "a"}, "green": {"label": "a"}})
    found = evidence.look(SAME, ENTERED + 1, ENTERED + 2, ENTERED)
    assert isinstance(found, Replayed) and found.fields == {"$.label": Matches(4, 4)}


@pytest.mark.parametrize("why", [ConnectionRefusedError(), socket.gaierror("no such name")])
def test_an_endpoint_that_cannot_be_reached_says_nothing_of_the_candidate(
    evidence: AzureEvidence, wire: Wire, why: OSError
) -> None:
    """A candidate whose smoke request never left this machine is not rolled back for it."""
    broken(wire, why)
    for gate in (SMOKE, SAME):
        found = evidence.look(gate, ENTERED, ENTERED + 1, ENTERED)
        assert isinstance(found, Missing) and "echo cannot be reached" in found.reason


def test_a_request_whose_connection_broke_is_sent_again(
    evidence: AzureEvidence, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is never answered is the candidate's failure; one that took too long is not sent again."""
    monkeypatch.setattr("azml.cli.rollouts.sources.requests.PAUSE_SECONDS", 0.0)
    for why, sent in ((RemoteDisconnected("cut"), 5), (TimeoutError(), 1)):
        wire.seen.clear()
        broken(wire, why)
        found = evidence.look(SMOKE, ENTERED + sent, ENTERED + 9, ENTERED + sent)
        assert isinstance(found, Smoked) and found.answers[0].status is None
        assert sum(path == "/score" for _, path, _ in wire.seen) == sent
    broken(wire, RemoteDisconnected("cut"), times=1)
    found = evidence.look(SMOKE, ENTERED, ENTERED + 1, ENTERED)
    assert isinstance(found, Smoked) and found.answers[0].status == 200


def test_smoke_finds_nothing_out_while_no_instance_of_either_serves(
    evidence: AzureEvidence, wire: Wire
) -> None:
    """As where all that both stand on is down; what a model answers itself is its own."""
    scored(wire, {"blue": 503, "green": 503})
    found = evidence.look(SMOKE, ENTERED, ENTERED + 1, ENTERED)
    assert isinstance(found, Missing) and "no instance of either deployment" in found.reason
    scored(wire, {"blue": 503, "green": 424})
    found = evidence.look(SMOKE, ENTERED + 1, ENTERED + 2, ENTERED)
    assert isinstance(found, Smoked) and found.answers[0].status == 424


def test_smoke_is_the_candidates_answers(evidence: AzureEvidence, wire: Wire) -> None:
    scored(wire, {"blue": {"label": "a"}, "green": 503})
    found = evidence.look(SMOKE, ENTERED, ENTERED + 1, ENTERED)
    assert isinstance(found, Smoked)
    assert (found.wanted, found.answers) == (1, (Answer(503, found.answers[0].seconds),))


def test_a_key_that_was_rotated_is_asked_for_again(evidence: AzureEvidence, wire: Wire) -> None:
    scored(wire, {"green": 401})
    assert isinstance(evidence.look(SMOKE, ENTERED, ENTERED + 1, ENTERED), Missing)
    scored(wire, {"green": {"label": "a"}})
    assert isinstance(evidence.look(SMOKE, ENTERED, ENTERED + 1, ENTERED), Smoked)
    assert sum(path.endswith("/listKeys") for _, path, _ in wire.seen) == 2


SLOW = RateGate("slow", 0.05, slower_than=0.25)
SETTINGS = f"GET {ENDPOINT}/providers/Microsoft.Insights/diagnosticSettings"
LOGS = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/logs"


def sent(wire: Wire, *logs: Mapping[str, Any], to: str | None = LOGS) -> None:
    """Answer with a diagnostic setting that sends these logs."""
    wire.tell(SETTINGS, {"value": [{"properties": {"workspaceId": to, "logs": list(logs)}}]})


def logged(wire: Wire, *rows: tuple[str, float, int, int], **more: object) -> None:
    """Answer queries with deployment, minute, requests and slow ones."""
    names = ("DeploymentName", "Requests", "Slow", "Minute")
    items = [
        [name, count, slow, f"{datetime.fromtimestamp(at, UTC):%FT%TZ}"] for name, at, count, slow in rows
    ]
    table = {"name": "PrimaryResult", "columns": [{"name": name} for name in names], "rows": items}
    wire.tell(f"POST {LOGS}/query", {"tables": [table], **more})


def test_slow_answers_are_counted_once_however_late_the_log_shows_them(
    evidence: AzureEvidence, wire: Wire
) -> None:
    sent(wire, {"category": "AmlOnlineEndpointTrafficLog", "enabled": True})
    logged(wire, ("blue", OPENED - 60, 90, 9), ("green", OPENED, 50, 5))
    assert evidence.look(SLOW, ENTERED, ENTERED + 60, ENTERED) == Counted(Seen(0, 0), Seen(0, 0))
    logged(wire, ("Green", OPENED + 60, 10, 4), ("blue", OPENED + 60, 100, 1))
    assert evidence.look(SLOW, ENTERED + 60, ENTERED + 120, ENTERED) == Counted(Seen(10, 4), Seen(100, 1))
    logged(wire, ("green", OPENED + 60, 12, 5), ("blue", OPENED + 60, 100, 1))
    assert evidence.look(SLOW, ENTERED + 120, ENTERED + 180, ENTERED) == Counted(Seen(2, 1), Seen(0, 0))
    body = next(body for _, path, body in wire.seen if path.endswith("/query"))
    text = json.loads(body or b"")["query"]
    assert "EndpointName =~ 'echo' and AzureMLWorkspaceName =~ 'ws' and _SubscriptionId =~ 's'" in text
    assert "countif(TotalDurationMs > 250.000)" in text


def test_a_log_that_says_nothing_finds_nothing_out(evidence: AzureEvidence, wire: Wire) -> None:
    def reason() -> str:
        found = evidence.look(SLOW, ENTERED, ENTERED + 60, ENTERED)
        assert isinstance(found, Missing)
        return found.reason

    sent(wire, {"categoryGroup": "allLogs", "enabled": True})
    logged(wire)
    assert "had no request of this endpoint" in reason()
    logged(wire, ("green", OPENED + 60, 12, 5), error={"code": "PartialError"})
    assert "PartialError" in reason()
    wire.tell(f"POST {LOGS}/query", {"tables": []})
    assert "an unexpected form" in reason()
    wire.tell(f"POST {LOGS}/query", {"error": {"code": "Forbidden", "message": "no right to read"}}, 403)
    assert "no right to read" in reason()
    wire.tell(SETTINGS, {"error": {"code": "Forbidden", "message": "no right to see"}}, 403)
    assert "no right to see" in reason()


def test_only_a_setting_that_sends_the_traffic_log_to_log_analytics_counts(wire: Wire) -> None:
    traffic = {"category": "AmlOnlineEndpointTrafficLog", "enabled": True}
    for log, to in (
        ({**traffic, "enabled": False}, LOGS),
        ({**traffic, "category": "Other"}, LOGS),
        (traffic, None),
    ):
        sent(wire, log, to=to)
        assert traffic_log.find(connection(wire), ENDPOINT) is None
    sent(wire, traffic)
    assert traffic_log.find(connection(wire), ENDPOINT) is not None
