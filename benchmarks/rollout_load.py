"""What a rollout itself sends to an endpoint: its real driver and evidence, on an Azure in memory.

The clock does not wait, and users send just enough for the plan to come to an end.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from azml.azure.http import Response
from azml.cli.rollouts.endpoint import ArmEndpoint
from azml.cli.rollouts.slots import Slots
from azml.cli.rollouts.sources.evidence import AzureEvidence
from azml.cli.rollouts.sources.requests import Requests
from azml.cli.rollouts.sources.thresholds import by_percentiles
from azml.findings import Place
from azml.rollout.deciding.state import Phase
from azml.rollout.driving.driver import Driver
from azml.rollout.driving.ports import Ports
from azml.rollout.driving.rehearsal import MemoryStore, VirtualClock
from azml.rollout.driving.starting import Opening, begin
from azml.rollout.plan import Plan
from azml.rollout.planning.reading import About, read_plan
from azml.specs import from_python
from tests.cli.rollouts.azure import ENDPOINT, Wire, connection, endpoint

PER_MINUTE = 110
"""Requests of users: about the least with which 10 % of them show in time that under 1 % are errors."""
START = 1_700_000_040.0
"""A whole minute."""
STABLE, CANDIDATE = "blue", "green"


class Sent(NamedTuple):
    """How a rollout ended, how many requests it sent, and how many its users sent meanwhile."""

    phase: Phase
    own: int
    users: int


class Azure(Wire):
    """Counts its users' requests as Azure Monitor does; the candidate fails from the time `breaks` on."""

    def __init__(self, clock: VirtualClock, breaks: float) -> None:
        super().__init__()
        self._clock, self._breaks = clock, breaks
        self.counts: Counter[tuple[str, str, int]] = Counter()
        self.traffic = {STABLE: 100}
        self._until = START
        self._show()
        self.tell(f"POST {ENDPOINT}/listKeys", {"primaryKey": "key"})
        self.tell("POST /score", [1])
        self.answers[f"PUT {ENDPOINT}"] = self._write
        self.answers[f"GET {ENDPOINT}/providers/Microsoft.Insights/metrics"] = self._metrics

    def _show(self) -> None:
        endpoint(self, self.traffic, {STABLE: {}, CANDIDATE: {}})

    def _write(self, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        self._pass()
        self.traffic = json.loads(body or b"")["properties"]["traffic"]
        self._show()
        return self.answers[f"GET {ENDPOINT}"](url, headers, None)

    def _metrics(self, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        self._pass()
        found = {"value": [{"timeseries": list(self._series("RequestLatency" in url))}]}
        return Response(200, {}, json.dumps(found).encode(), url)

    def _series(self, latency: bool) -> Iterator[dict[str, object]]:
        for (slot, status, minute), count in self.counts.items():
            names = {"deployment": slot, "statuscode": status}
            value = {"average": 20.0} if latency else {"total": count}
            yield {
                "metadatavalues": [{"name": {"value": key}, "value": text} for key, text in names.items()],
                "data": [{"timeStamp": f"{datetime.fromtimestamp(minute, UTC):%FT%TZ}", **value}],
            }

    def _pass(self) -> None:
        """Deal out by share what users have sent since the last time."""
        while self._until + 60 <= self._clock.now():
            for slot, share in self.traffic.items():
                fails = slot == CANDIDATE and self._until >= self._breaks
                self.counts[slot, "500" if fails else "200", int(self._until)] = PER_MINUTE * share // 100
            self._until += 60


def sent(breaks: float = float("inf")) -> Sent:
    """What the preset `canary` sends with one smoke request; `breaks` are seconds after its start."""
    clock = VirtualClock(START)
    azure = Azure(clock, START + breaks)
    held, slots = connection(azure), Slots(STABLE, CANDIDATE)
    requests = Requests(held, "echo")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "requests").mkdir()
        (folder / "requests" / "one.json").write_text("[1]")
        plan = _plan(folder)
        evidence = AzureEvidence(held, ENDPOINT, slots, requests, folder)
        ports = Ports(
            clock, ArmEndpoint(held, "echo", slots, requests, sample=b"[1]"), evidence, MemoryStore(clock)
        )
        begin(ports, Opening("echo", STABLE, CANDIDATE, "bundle", plan, "a benchmark"))
        phase = Driver(ports, "a benchmark").run().state.phase
    own = sum((method, path) == ("POST", "/score") for method, path, _ in azure.seen)
    return Sent(phase, own, sum(azure.counts.values()))


def _plan(folder: Path) -> Plan:
    plan = read_plan(from_python("canary", "", lambda at: Place(None, None, at)), About(folder), [])
    assert plan is not None
    return by_percentiles(plan)
