"""Rollouts of one endpoint in a row, each with another fault."""

from typing import Any

from azml.rollout.deciding.state import ENDED, Phase
from azml.rollout.gates import Gate
from azml.rollout.journals.journal import Shares
from azml.rollout.judging.looks import Counted, Look
from azml.rollout.statistics.comparison import Seen
from tests.rollout.plans import plan, steps
from tests.rollout.simulation.candidates import Behaviour
from tests.rollout.stages import Stage

PROD = plan("prod")
SHORT = plan(
    steps(
        "smoke: [smoke]",
        "{traffic: 10, for: 5m, gates: [errors]}",
        "{traffic: 100, for: 5m, gates: [errors]}",
    )
)


class Faulty(Stage):
    """A stage whose numbered fault is one of 200: what fails, from which call on, and how often."""

    def __init__(self, number: int) -> None:
        super().__init__(PROD if number % 4 == 0 else SHORT)
        self.number, self.calls = number, 0
        kinds = ["errors", "slow", "flips", "silent", "dead store", "dead endpoint", "moved", "never ready"]
        kinds += ["kill", "write", "smoke", "outage", "pause", "abort", "small", "late"]
        self.kind = kinds[number % len(kinds)]
        self.since = 30.0 * (number // len(kinds))

    def prepare(self) -> "Faulty":
        now = self.time.now + self.since
        match self.kind:
            case "moved":
                self.at[now] = lambda: self.endpoint.change(self.time.now, Shares(37, 63))
            case "never ready":
                self.endpoint.candidate_ready_at = 1e9
            case "kill":
                self.kill_at, self.after = self.written + 1 + self.number // 16, bool(self.number % 32)
            case "write":
                self.refused = 10 ** (self.number // 16 % 5)
            case "smoke":
                self.behaviour = Behaviour(status=500)
            case "pause" | "abort":
                self.at[now] = lambda: self.wish()
            case "small":
                self.endpoint.stable_small = (now, 1e9)
                self.endpoint.stable_answers = self.number % 32 > 16
            case "late":
                self.endpoint.lag, self.endpoint.takes = self.since, 60.0
        return self

    def wish(self) -> None:
        if self.state.phase not in ENDED | {Phase.PAUSED}:
            self.ask("pause" if self.kind == "pause" else "abort")

    def look(self, gate: Gate, since: float, until: float, entered: float) -> Look:
        faults: dict[str, dict[str, Any]] = {
            "errors": {"own": 1.0},
            "flips": {"agree": 0.9},
            "silent": {"per_second": 0.0},
            "outage": {"own": 0.5, "stable": 0.5},
            "dead endpoint": {"blind": (0.0, 1e9)},
        }
        if until >= self.since and self.kind in faults:
            self.behaviour = Behaviour(**faults[self.kind])
        if self.kind == "slow" and getattr(gate, "slower_than", None):
            return Counted(Seen(200, 150), Seen(3800, 0))
        return super().look(gate, since, until, entered)
