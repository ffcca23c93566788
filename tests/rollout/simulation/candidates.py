"""How a candidate and the stable deployment behave in a history, as gates get to see it."""

from dataclasses import dataclass
from random import Random

from azml.rollout.gates import AgreementGate, Gate, RateGate, SmokeGate
from azml.rollout.journals.journal import Shares
from azml.rollout.judging.looks import Answer, Counted, Look, Matches, Measured, Missing, Replayed, Smoked
from azml.rollout.statistics.comparison import Seen


@dataclass(frozen=True)
class Behaviour:
    """Rates of errors of each, the share of answers that agree, smoke's status, and who is silent when.

    `per_second` requests come in. No metrics are found between `blind`'s two times.
    """

    own: float = 0.0
    stable: float = 0.0
    agree: float = 1.0
    status: int | None = 200
    per_second: float = 60.0
    blind: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def drawn(cls, random: Random) -> "Behaviour":
        """Half of the candidates are good."""
        blind = (0.0, 0.0)
        if random.random() < 0.25:
            begins = random.uniform(0, 1500)
            blind = (begins, begins + random.choice([90, 400, 1e9]))
        kind = random.random()
        if kind < 0.5:
            return cls(blind=blind)
        return random.choice(
            [
                cls(own=1.0, blind=blind),
                cls(own=0.05, blind=blind),
                cls(own=0.04, stable=0.04, blind=blind),
                cls(stable=0.05, blind=blind),
                cls(agree=0.96, blind=blind),
                cls(status=500),
                cls(status=None),
                cls(per_second=0.0),
                cls(own=0.01, per_second=1.0),
            ]
        )

    def look(self, gate: Gate, since: float, until: float, shares: Shares, random: Random) -> Look:
        """What a gate's look finds."""
        if self.blind[0] <= until < self.blind[1] and not isinstance(gate, SmokeGate):
            return Missing("no metrics")
        if isinstance(gate, RateGate):
            return self._counted(until - since, shares, random)
        if isinstance(gate, SmokeGate):
            return Smoked(1, (Answer(self.status, 0.1),))
        if isinstance(gate, AgreementGate):
            equal = round(gate.sample * self.agree)
            return Replayed({field.path: Matches(gate.sample, equal) for field in gate.fields})
        return Measured((0.1,))

    def _counted(self, seconds: float, shares: Shares, random: Random) -> Counted:
        total = max(0.0, seconds) * self.per_second / 100
        own, stable = round(total * (shares.candidate + shares.mirror)), round(total * shares.stable)
        return Counted(_seen(own, self.own, random), _seen(stable, self.stable, random))


def _seen(requests: int, rate: float, random: Random) -> Seen:
    events = requests * rate
    whole = int(events)
    return Seen(requests, whole + (random.random() < events - whole))
