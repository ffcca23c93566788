"""What goes wrong in a history: drawn once from its seed, and struck at every call of a port."""

from dataclasses import dataclass
from random import Random


class Killed(BaseException):
    """The engine's process ended, between two lines."""


class Violation(AssertionError):
    """An invariant does not hold."""


@dataclass
class Rates:
    """How likely each fault is, at one call of a port."""

    kill: float = 0.0
    stall: float = 0.0
    unreachable: float = 0.0
    lost_answer: float = 0.0

    @classmethod
    def drawn(cls, random: Random) -> "Rates":
        """Most histories have one or two kinds of faults, a few have all of them, and some none."""

        def rate(often: float, most: float) -> float:
            return random.uniform(0, most) if random.random() < often else 0.0

        return cls(rate(0.5, 0.05), rate(0.4, 0.06), rate(0.4, 0.15), rate(0.4, 0.15))
