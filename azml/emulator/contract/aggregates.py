"""Samples of one number, added up."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Aggregate:
    """Samples of one number: how many, their sum, the least and the most."""

    count: int
    total: float
    least: float
    most: float

    @property
    def average(self) -> float:
        """The mean."""
        return self.total / self.count

    def plus(self, other: "Aggregate") -> "Aggregate":
        """These samples and others."""
        return Aggregate(
            self.count + other.count,
            self.total + other.total,
            min(self.least, other.least),
            max(self.most, other.most),
        )


def sample(value: float) -> Aggregate:
    """One sample."""
    return Aggregate(1, value, value, value)
