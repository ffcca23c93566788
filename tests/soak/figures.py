"""What a soak counts, and its table: zeros where zeros belong."""

import threading
from collections import Counter
from dataclasses import dataclass, field

MUST_BE_ZERO = {
    "requests answered": False,
    "answers that were wrong": True,
    "404 for what exists": True,
    "errors blamed on a model without fault": True,
    "the right key refused": True,
    "requests lost while nothing was killed": True,
    "requests cut by a kill or a restart": False,
    "traffic shifts": False,
    "kills": False,
    "damages": False,
    "hostile requests": False,
    "hostile requests answered wrongly": True,
    "resources changed by a kill or a damage": True,
    "deployments not ready when the start returned": True,
    "deployments that did not come back": True,
    "processes and folders left behind": True,
}
"""Every figure, in the order of the table, and whether anything but 0 is a failure."""
_EXAMPLES = 5
"""Examples that are shown of each figure that is not zero and must be."""


@dataclass
class Figures:
    """Counts and worst times (seconds) of one soak, which any thread may add to."""

    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    worst: dict[str, float] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def count(self, name: str, example: str = "", number: int = 1) -> None:
        """Add to a figure. The example says what happened where it must not."""
        if name not in MUST_BE_ZERO:
            raise KeyError(name)
        with self._turn:
            self.counts[name] += number
            shown = self.examples.setdefault(name, [])
            if number and example and len(shown) < _EXAMPLES:
                shown.append(example)

    def took(self, name: str, seconds: float) -> None:
        """Note how long something took; the longest is kept."""
        with self._turn:
            self.worst[name] = max(seconds, self.worst.get(name, 0.0))

    @property
    def failed(self) -> list[str]:
        """The figures that must be zero and are not."""
        return [name for name, zero in MUST_BE_ZERO.items() if zero and self.counts[name]]

    def table(self) -> str:
        """All figures, with the seed that makes the same attacks in the same order."""
        lines = [f"{'seed':<48}{self.seed:>10}"]
        for name, zero in MUST_BE_ZERO.items():
            verdict = ("  must be 0" if self.counts[name] else "  ok") if zero else ""
            lines.append(f"{name:<48}{self.counts[name]:>10}{verdict}")
        lines += [f"{f'{name}, worst s':<48}{seconds:>10.2f}" for name, seconds in self.worst.items()]
        lines += [f"  {name}: {one}" for name in self.failed for one in self.examples.get(name, ())]
        return "\n".join(lines)
