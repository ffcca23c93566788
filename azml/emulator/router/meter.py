"""What the router counts: requests and latency per deployment and minute.

Counts are reset when they are read: the caller adds them to those it has.
"""

from azml.emulator.contract.answer_counts import Counted, Tally


class Meter:
    """Counts answers until the counts are read."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[int, str, str], Tally] = {}

    def record(
        self, now: float, endpoint: str, deployment: str, status: int, model_status: int, milliseconds: float
    ) -> None:
        """Count one answer at unix time `now`. `model_status` is 0 where the model was not reached."""
        key = (int(now) // 60 * 60, endpoint, deployment)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = Tally()
        tally.record(status, model_status, milliseconds)

    def take(self) -> list[Counted]:
        """Return everything counted since the last call, and reset the counts."""
        taken, self._tallies = self._tallies, {}
        return [Counted(*key, tally) for key, tally in taken.items()]
