"""Journals of whole rollouts, as the engine writes them."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from azml.rollout.journals.document import Document, Head, text_of
from azml.rollout.judging.looks import (
    Answer,
    Counted,
    Look,
    Matches,
    Measured,
    Mismatch,
    Missing,
    Replayed,
    Smoked,
)
from azml.rollout.plan import Plan
from azml.rollout.statistics.comparison import Seen
from tests.rollout.plans import GATES, plan, steps
from tests.rollout.worlds import World

START = 1_700_000_000.0
"""When they begin, on the store's clock."""
STEPS = steps(
    "smoke: [smoke]",
    "{shadow: 20, for: 15m, gates: [latency, p95, agreement]}",
    "{traffic: 10, for: 15m, gates: [errors, latency]}",
    "{traffic: 100, for: 30m, gates: [errors]}",
    gates=GATES,
)
PLAN = plan(STEPS)


@dataclass
class Seeded:
    """Looks at a candidate with this rate of errors, minute by minute; `broken` minutes find nothing out."""

    errors: float
    wrong: str = '["a"]'
    broken: int = 0

    def __post_init__(self) -> None:
        self.chance = Random(7)

    def __call__(self, now: float) -> dict[str, Look]:
        minute = int((now - START) / 60)
        if minute in (5, 6) and self.broken:
            return {"p95": Missing("no metrics came")}
        differ = Mismatch(12, "north", "$[*]", '["a"]', self.wrong)
        return {
            "errors": Counted(self.seen(20, self.errors), self.seen(180, 0.003)),
            "latency": Counted(self.seen(20, 0.01), self.seen(180, 0.01)),
            "p95": Measured((0.12 + 0.05 * self.chance.random(),)),
            "agreement": Replayed(
                {"$[*]": Matches(500, 498)},
                {"north": {"$[*]": Matches(200, 198)}, "south": {"$[*]": Matches(300, 300)}},
                (differ,),
            ),
            "smoke": Smoked(2, (Answer(200, 0.1), Answer(200, 0.2))),
        }

    def seen(self, requests: int, rate: float) -> Seen:
        return Seen(requests, sum(self.chance.random() < rate for _ in range(requests)))


def carried_out(looks: Callable[[float], dict[str, Look]], carried: Plan = PLAN) -> Document:
    """The journal of a rollout that has ended."""
    world = World(carried, looks=looks, now=START).start().run()
    text = text_of(carried)
    head = Head(3, "diabetes", "blue", "green", "3f2a9c10", text)
    return Document(head).plus(*world.entries())
