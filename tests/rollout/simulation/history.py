"""One history: engines, people, an endpoint and a journal under one clock, all drawn from a seed.

Whoever is due earliest acts. An engine that stalls in the middle of a turn lets the others act meanwhile, so
that turns overlap; it may also be killed there, and another one begins later.
"""

from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import cast

from azml.rollout.deciding.replaying import replay
from azml.rollout.deciding.state import ENDED, Phase
from azml.rollout.deciding.status import status
from azml.rollout.driving import starting
from azml.rollout.driving.driver import Driver
from azml.rollout.driving.ports import Ports, Unavailable
from azml.rollout.driving.starting import Opening, Refused
from azml.rollout.journals.journal import Shares, Wish
from azml.rollout.plan import Plan
from tests.rollout.simulation.azure import Blob, Endpoint, Time
from tests.rollout.simulation.candidates import Behaviour
from tests.rollout.simulation.faults import Killed, Rates, Violation
from tests.rollout.simulation.invariants import Checks
from tests.rollout.simulation.plans import PLANS
from tests.rollout.simulation.sides import FOREIGN, LEASE, Engine, Side, Store

CHAOS, HEALED, NEVER = 2700.0, 300, 1e9
"""Seconds with faults, the most turns after them until a history has ended, and a time that never comes."""
WISHES = (
    "pause",
    "resume",
    "approve",
    "abort",
    "abort",
    "supersede",
    "stable_is_broken",
    "move",
    "update",
    "plan",
    "clock",
)


class History:
    """The history of a seed; `calm` ones have no fault."""

    def __init__(
        self, seed: int, plan: Plan | None = None, behaviour: Behaviour | None = None, *, calm: bool = False
    ) -> None:
        self.random = random = Random(seed)
        self.plan = plan or random.choice(PLANS)
        self.behaviour = behaviour or Behaviour.drawn(random)
        self.rates = Rates() if calm else Rates.drawn(random)
        self.time = Time()
        self.checks = Checks(self.plan)
        smoke = self.plan is not PLANS[2]
        self.first = not calm and smoke and random.random() < 0.15
        start = Shares(0, 0) if self.first else Shares(100, 0)
        self.endpoint = Endpoint(self.time, random, start)
        self.blob = Blob(self.time, self.checks.appended)
        self.engines = [Engine("a", 0.0)]
        self.people: list[tuple[float, Callable[[], None]]] = []
        self.depth = 0
        self.until = float("inf")
        self.moved = self.hopeless = False
        self.turns = self.kills = 0
        if not calm:
            self._trouble(random)

    def _trouble(self, random: Random) -> None:
        endpoint = self.endpoint
        endpoint.lag = random.choice([0.0, 0.0, 20.0, 90.0])
        endpoint.takes = random.choice([0.0, 3.0, 30.0, 100.0])
        endpoint.fails = random.choice([0.0, 0.0, 0.0, 0.2])
        endpoint.stable_answers = random.random() > 0.1
        if random.random() < 0.2:
            endpoint.candidate_ready_at = random.uniform(0, 600)
        if random.random() < 0.15:
            begins = random.uniform(0, 900)
            endpoint.stable_small = (begins, begins + random.choice([100.0, 900.0]))
        if random.random() < 0.3:
            self.engines.append(Engine("b", random.uniform(0, 900)))
        if random.random() < 0.02:
            endpoint.candidate_ready_at, self.hopeless = NEVER, True
        for _ in range(random.choice([0, 0, 0, 1, 1, 2, 3])):
            self.people.append((random.choice([1800, 200]) * random.random(), self._person(random)))
        self.people.sort(key=lambda one: one[0])

    def _person(self, random: Random) -> Callable[[], None]:
        what = random.choice(WISHES)
        if what == "move":
            return lambda: self.move(random.choice(FOREIGN))
        if what == "update":
            return self.update
        if what == "plan":
            return self.change_plan
        if what == "clock":
            return lambda: self.jump(random.choice([-100.0, 3.0, 4000.0]))
        return lambda: self.ask(cast(Wish, what))

    # What people do.

    def ask(self, what: Wish) -> None:
        with suppress(Refused):
            starting.ask(self.blob, what, "somebody")

    def change_plan(self) -> None:
        starting.compare_plan(self.blob, PLANS[self.plan is PLANS[0]])

    def move(self, shares: Shares) -> None:
        """A person moves the traffic by hand."""
        self.endpoint.settle()
        if self.endpoint.pending is None:
            self.endpoint.change(self.time.now, shares)
            self.moved = True

    def update(self) -> None:
        """An update reads the endpoint, and writes it back with other tags some seconds later."""
        self.endpoint.settle()
        before = self.endpoint.changes[max(0, len(self.endpoint.changes) - 2)][1]
        if self.endpoint.pending is None and before != self.endpoint.actual:
            self.endpoint.change(self.time.now, before)
            self.moved = True

    def jump(self, seconds: float) -> None:
        """The store's clock jumps, and so do the engines' own ones."""
        if not self.depth:
            self.time.skew += seconds
            for engine in self.engines:
                engine.ahead += max(0.0, seconds)

    # What happens.

    def run(self) -> "History":
        """Everything, until the rollout has ended. Raises Violation."""
        self._begin()
        while self.time.now < CHAOS and self.blob.state.phase not in ENDED:
            self._next()
        self._heal()
        for _ in range(HEALED):
            if self.blob.state.phase in ENDED:
                return self._ended()
            self._help()
            self._next()
        raise Violation(f"no end after {self.turns} turns: {self.blob.state}")

    def _begin(self) -> None:
        opening = Opening("diabetes", "" if self.first else "blue", "green", "abc", self.plan, "somebody")
        starting.begin(self._ports(self.engines[0], faulty=False), opening)

    def _next(self) -> None:
        """Whoever is due earliest acts."""
        engine = None
        for one in self.engines:
            if not one.busy and (engine is None or one.due < engine.due):
                engine = one
        if self.people and (engine is None or self.people[0][0] <= engine.due):
            at, act = self.people.pop(0)
            self.time.now = max(self.time.now, at)
            act()
        elif engine is not None:
            self.time.now = max(self.time.now, engine.due)
            self._turn(engine)

    def _turn(self, engine: Engine) -> None:
        self.turns += 1
        if engine.driver is None:
            engine.driver = Driver(self._ports(engine), f"{engine.name}{self.turns}", lease=LEASE)
        engine.busy, engine.read_foreign = True, False
        engine.ready.clear()
        self.depth += 1
        wishes = self.checks.wishes
        try:
            wait = engine.driver.turn().wait
        except Killed:
            engine.driver, wait = None, self.random.choice([1.0, 30.0, 400.0])
            self.kills += 1
        finally:
            engine.busy = False
            self.depth -= 1
        if engine.read_foreign and wishes == self.checks.wishes and not self.blob.state.resumed:
            self.checks.foreign = True
        engine.due = self.time.now + wait

    def stall(self, seconds: float) -> None:
        """The one that is in a turn does nothing for so long, and the others go on."""
        outer = self.until
        self.until = until = min(self.time.now + seconds, outer)
        while True:
            dues = [one.due for one in self.engines if not one.busy] + [at for at, _ in self.people[:1]]
            if not dues or min(dues) > until:
                break
            self._next()
        self.time.now = max(self.time.now, until)
        self.until = outer

    def strike(self, engine: Engine, longest: float = 250.0) -> None:
        """A call of a port takes its time, and may go wrong."""
        self.time.now += 0.2
        rates, random = self.rates, self.random
        if rates.kill and random.random() < rates.kill:
            raise Killed
        if rates.stall and random.random() < rates.stall:
            self.stall(min(longest, random.choice([5.0, 100.0, 250.0])))
        if rates.unreachable and random.random() < rates.unreachable:
            raise Unavailable("too many requests")

    def answer(self) -> None:
        """What was done may be heard of late, or not at all."""
        if self.rates.kill and self.random.random() < self.rates.kill:
            raise Killed
        if self.rates.stall and self.random.random() < self.rates.stall:
            self.stall(250.0)
        if self.rates.lost_answer and self.random.random() < self.rates.lost_answer:
            raise Unavailable("the connection was reset")

    def _ports(self, engine: Engine, *, faulty: bool = True) -> Ports:
        side = Side(self, engine, faulty)
        return Ports(side, side, side, Store(self, engine, faulty), side)

    # How it ends.

    def _heal(self) -> None:
        self.rates = Rates()
        self.people = []
        self.endpoint.fails, self.endpoint.stable_small = 0.0, (0.0, 0.0)
        self.endpoint.candidate_ready_at = NEVER if self.hopeless else 0.0
        self.endpoint.stable_answers = True
        self.engines = self.engines[:1]

    def _help(self) -> None:
        """What a person does who wants it to end."""
        state = self.blob.state
        if state.phase is Phase.WAITING:
            self.ask("approve")
        elif state.phase is Phase.PAUSED:
            self.moved = False
            self.ask("resume" if self.random.random() < 0.5 and not self.hopeless else "abort")

    def _ended(self) -> "History":
        document, state = self.blob.document, self.blob.state
        assert document is not None
        if replay(self.plan, document.entries) != state:
            raise Violation("the journal replays to another state")
        self.time.now += 1000
        self.endpoint.settle()
        if not self.moved and self.endpoint.actual != state.shares:
            raise Violation(f"it has ended with {state.shares}, and the endpoint has {self.endpoint.actual}")
        if state.withdrawing and state.shares != state.back:
            raise Violation(f"it went back to {state.shares}")
        said = status(document, state, self.time.now)
        if not (said.sentence and said.advice):
            raise Violation("no sentence")
        return self
