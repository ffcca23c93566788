"""What gates are judged by: Azure Monitor's counts, the traffic log, and requests to deployments."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import override

from azml.azure.errors import AzureError
from azml.cli.rollouts.slots import Slots
from azml.cli.rollouts.sources import collected, metrics, traffic_log
from azml.cli.rollouts.sources.counts import Cell, Ledger, counted, opened_at
from azml.cli.rollouts.sources.metrics import Point
from azml.cli.rollouts.sources.replay import Replay
from azml.cli.rollouts.sources.requests import Requests, bodies_in
from azml.cli.rollouts.sources.traffic_log import TrafficLog
from azml.cli.stacks.stacks import Connection
from azml.rollout.driving.ports import Evidence, Unavailable
from azml.rollout.gates import COLLECTED, AgreementGate, Gate, RateGate, SmokeGate, ThresholdGate
from azml.rollout.judging.looks import Answer, Counted, Look, Measured, Missing, Smoked
from azml.rollout.statistics.comparison import NOTHING, Seen

NOBODY_SERVES = frozenset({502, 503, 504})
ALIVE_SECONDS = 3600.0
"""A metric without a single value in so long is not there: it could never fail."""


@dataclass
class _Series:
    """The looks at one gate in the step that began at `entered`, the first of them from `since` on."""

    entered: float
    since: float
    ledger: Ledger | None = None
    minutes: frozenset[int] = frozenset()
    replay: Replay | None = None
    smoked: Smoked | None = None


class AzureEvidence(Evidence):
    """The evidence on the endpoint with this ARM id; `folder` is the one that its request files lie in.

    What has been handed out is known to this process alone. After a restart in the middle of a step, the
    minute of the last look is taken as handed out: no request is counted twice, and some are not counted.
    """

    def __init__(
        self, connection: Connection, endpoint_id: str, slots: Slots, requests: Requests, folder: Path
    ) -> None:
        self._connection = connection
        self._endpoint_id = endpoint_id
        self._slots = slots
        self._requests = requests
        self._folder = folder
        self._series: dict[str, _Series] = {}

    @override
    def look(self, gate: Gate, since: float, until: float, entered: float) -> Look:
        series = self._series.get(gate.name)
        if series is None or series.entered != entered:
            series = self._series[gate.name] = _Series(entered, since)
        try:
            return self._look(gate, series, until)
        except (Unavailable, ValueError) as failed:
            return Missing(str(failed))

    def _look(self, gate: Gate, series: _Series, until: float) -> Look:
        match gate:
            case RateGate(slower_than=None):
                return self._errors(gate, series, until)
            case RateGate():
                return self._slow_answers(gate.slower_than or 0.0, series, until)
            case ThresholdGate():
                return self._percentile(gate, series, until)
            case AgreementGate():
                return self._agreement(gate, series)
            case SmokeGate():
                return self._smoke(gate, series)

    def _errors(self, gate: RateGate, series: _Series, until: float) -> Look:
        first = min(opened_at(series.since), until - ALIVE_SECONDS)
        found = metrics.requests(self._connection, self._endpoint_id, first, until)
        if not found:
            return Missing(_empty(metrics.REQUESTS))
        return self._news(counted(found, gate.codes), series)

    def _slow_answers(self, limit: float, series: _Series, until: float) -> Look:
        log = self._traffic_log()
        if log is None:
            return Missing(NO_SINGLE_REQUESTS)
        found = log.slow(limit, min(opened_at(series.since), until - ALIVE_SECONDS))
        return self._news(found, series) if found else Missing(NO_ROWS)

    def _traffic_log(self) -> TrafficLog | None:
        try:
            return traffic_log.find(self._connection, self._endpoint_id)
        except AzureError as failed:
            raise Unavailable(f"the diagnostic settings cannot be read: {failed}") from failed

    def _news(self, now: Mapping[Cell, Seen], series: _Series) -> Counted:
        """What of these counts has not been handed out, in this step."""
        if series.ledger is None:
            series.ledger = Ledger(opened_at(series.since))
            series.ledger.begin(now)
        news = series.ledger.news(now)
        stable = news.get(self._slots.stable.lower(), NOTHING)
        return Counted(news.get(self._slots.candidate.lower(), NOTHING), stable)

    def _percentile(self, gate: ThresholdGate, series: _Series, until: float) -> Look:
        percent = int(gate.metric.removeprefix("latency_p"))
        first = min(opened_at(series.since), until - ALIVE_SECONDS)
        found = metrics.latencies(self._connection, self._endpoint_id, percent, first, until)
        if not found:
            return Missing(_empty(metrics.LATENCY.format(percent=percent)))
        new = [one for one in found if self._is_new(one, series, until)]
        series.minutes |= {one.minute for one in new}
        return Measured(tuple(one.value for one in new))

    def _is_new(self, point: Point, series: _Series, until: float) -> bool:
        """Whether it is the candidate's, of a whole minute of this step that is not yet looked at."""
        return (
            point.deployment == self._slots.candidate.lower()
            and point.minute >= series.since
            and point.minute + metrics.MINUTE <= until
            and point.minute not in series.minutes
        )

    def _agreement(self, gate: AgreementGate, series: _Series) -> Look:
        if not self._slots.stable:
            return Missing("there is no stable deployment to compare with")
        if series.replay is None:
            series.replay = Replay(gate, self._recorded(gate), self._requests, self._folder)
        return series.replay.go_on(self._slots.stable, self._slots.candidate)

    def _smoke(self, gate: SmokeGate, series: _Series) -> Look:
        if series.smoked is None:
            bodies = self._bodies(gate.requests)
            found = smoked(self._requests, self._slots.candidate, bodies)
            if _nobody_serves(found) and self._stable_is_gone(bodies[:1]):
                raise Unavailable("no instance of either deployment takes requests")
            series.smoked = found
        return series.smoked

    def _stable_is_gone(self, bodies: list[bytes]) -> bool:
        stable = self._slots.stable
        return bool(stable) and _nobody_serves(smoked(self._requests, stable, bodies))

    def _recorded(self, gate: AgreementGate) -> list[bytes]:
        if gate.requests != COLLECTED:
            return self._bodies(gate.requests)
        name = self._endpoint_id.rpartition("/")[2]
        return collected.bodies(self._connection, name, self._slots.stable, gate.sample)

    def _bodies(self, pattern: str) -> list[bytes]:
        found = bodies_in(self._folder, pattern)
        if not found:
            raise Unavailable(f"there is no request in {pattern}")
        return found


def _nobody_serves(found: Smoked) -> bool:
    """Whether the endpoint answered in a deployment's place, which had no instance that did."""
    return any(answer.status in NOBODY_SERVES for answer in found.answers)


def smoked(requests: Requests, deployment: str, bodies: list[bytes]) -> Smoked:
    """What a deployment answers to smoke requests. Raises Unavailable."""
    replies = requests.send(deployment, bodies)
    found = tuple(Answer(reply.status, round(reply.seconds, 3)) for reply in replies)
    return Smoked(len(bodies), found)


NO_SINGLE_REQUESTS = (
    "Azure Monitor has percentiles of the latency and no count of slow answers: use metric: latency_p95, or "
    f"send {traffic_log.TABLE} to Log Analytics"
)
NO_ROWS = f"{traffic_log.TABLE} has had no request of this endpoint in the last hour"


def _empty(metric: str) -> str:
    return f"Azure Monitor has had no value of {metric} for this endpoint in the last hour"
