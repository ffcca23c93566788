"""An endpoint that the engine's decisions are carried out on, under a clock of its own."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from azml.rollout.deciding.engine import Action, Append, Observation, Write, decide
from azml.rollout.deciding.replaying import apply, replay
from azml.rollout.deciding.state import ENDED, Phase, State
from azml.rollout.journals import journal
from azml.rollout.journals.journal import Asked, Entry, Shares, Started
from azml.rollout.judging.looks import Answer, Counted, Look, Matches, Measured, Replayed, Smoked
from azml.rollout.plan import Plan
from azml.rollout.statistics.comparison import Seen

HEALTHY: Mapping[str, Look] = {
    "errors": Counted(Seen(200, 0), Seen(3800, 4)),
    "latency": Counted(Seen(200, 1), Seen(3800, 20)),
    "p95": Measured((0.1,)),
    "agreement": Replayed({"$[*]": Matches(500, 499)}),
    "smoke": Smoked(1, (Answer(200, 0.1),)),
}
Looks = Callable[[float], Mapping[str, Look]]


class Killed(Exception):
    """The engine ended between two actions."""


@dataclass
class World:
    """`visible_after` seconds a write can be read; `kill_at` is which action does not happen."""

    plan: Plan
    shares: Shares = field(default_factory=lambda: Shares(100, 0))
    looks: Looks = lambda now: HEALTHY
    ready: Callable[[float], bool] = lambda now: True
    stable_ready: bool = True
    stable_answers: bool | None = None
    visible_after: float = 0.0
    kill_at: int | None = None
    now: float = 0.0
    lines: list[str] = field(default_factory=list)
    writes: list[Shares] = field(default_factory=list)
    done: int = 0
    late: list[tuple[float, Shares]] = field(default_factory=list)
    state: State = field(default_factory=State)

    def start(self) -> "World":
        self.append(Started(self.now, self.shares))
        return self

    def append(self, entry: Entry) -> None:
        self.lines.append(journal.to_line(entry))
        self.state = apply(self.plan, self.state, entry)

    def ask(self, what: str) -> None:
        self.append(Asked(self.now, what, "somebody"))  # type: ignore[arg-type]

    def entries(self) -> Iterator[Entry]:
        return map(journal.from_line, self.lines)

    def tick(self, seconds: float = 60.0, *, unreadable: bool = False) -> tuple[Action, ...]:
        """One decision, carried out; then time passes. A killed engine begins again from its journal."""
        for due, shares in [one for one in self.late if one[0] <= self.now]:
            self.shares = shares
            self.late.remove((due, shares))
        ready = self.stable_ready if self.state.withdrawing else self.ready(self.now)
        found = None if unreadable else self.shares
        seen = Observation(found, ready, self.looks(self.now), self.stable_answers)
        actions = decide(self.plan, self.state, seen, self.now)
        try:
            for action in actions:
                self.carry_out(action)
        except Killed:
            self.state = replay(self.plan, self.entries())
        self.now += seconds
        return actions

    def carry_out(self, action: Action) -> None:
        self.done += 1
        if self.done == self.kill_at:
            raise Killed
        if isinstance(action, Append):
            self.append(action.entry)
        elif isinstance(action, Write):
            self.writes.append(action.shares)
            if self.visible_after:
                self.late.append((self.now + self.visible_after, action.shares))
            else:
                self.shares = action.shares

    def run(self, until: frozenset[Phase] = ENDED | {Phase.PAUSED}, most: int = 2000) -> "World":
        """Decide each minute until one of the phases is reached; a person approves after an hour."""
        for _ in range(most):
            if self.state.phase in until:
                return self
            if self.state.phase is Phase.WAITING and self.now - self.state.entered >= 3600:
                self.ask("approve")
            self.tick()
        raise AssertionError(f"still {self.state.phase} after {most} decisions: {self.state.reason}")
