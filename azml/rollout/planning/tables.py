"""Mappings of a plan, read with the accessors that only plans need."""

import re
from typing import Any, Self

from azml.findings import Finding
from azml.specs import Node, Table

TIME = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h|d)")
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST = 30 * 86400.0
"""The longest time a plan may name, in seconds."""


class PlanTable(Table):
    """One mapping of a plan."""

    @classmethod
    def of(cls, node: Node, findings: list[Finding]) -> Self | None:
        """The mapping, None with a finding where it is none."""
        if node.is_table:
            return cls(node, findings)
        findings.append(node.wrong("is not a mapping", "write keys and values"))
        return None

    def inner(self, key: str) -> Self | None:
        """The mapping at `key`."""
        node = self.get(key)
        return None if node is None else self.of(node, self.findings)

    def time(self, key: str, default: float = 0.0, *, required: bool = False) -> float:
        """A time such as `15m`, in seconds; `default` where there is none, or none that can be used."""
        node = self.get(key, required=required)
        if node is None:
            return default
        found = TIME.fullmatch(node.value) if isinstance(node.value, str) else None
        seconds = float(found["number"]) * SECONDS[found["unit"]] if found else 0.0
        if not 0 < seconds <= LONGEST:
            self.findings.append(
                node.wrong(f"{node.value!r} is not a time", "write one as 250ms, 30s, 15m, 24h")
            )
            return default
        return seconds

    def between(self, key: str, low: float, high: float, default: float | None = None) -> float | None:
        """A number strictly between `low` and `high`; required where there is no default."""
        node = self.get(key, required=default is None)
        value = self.expect(node, (int, float), "a number")
        if node is None or value is None:
            return default
        if not low < value < high:
            remedy = f"more than {low:g} and less than {high:g}"
            self.findings.append(node.wrong(f"{value} can never decide anything", remedy))
            return default
        return float(value)

    def nodes(self, key: str, *, required: bool = False) -> list[Node]:
        """The members of a list."""
        return self.expect(self.get(key, required=required), list, "a list") or []

    def pick(self, key: str, choices: tuple[Any, ...], default: Any) -> Any:
        """One of `choices`, `default` where nothing is written."""
        return self.choice(key, choices) or default

    def fault(self, key: str, message: str, remedy: str) -> None:
        """Note what is wrong with `key`."""
        node = self.node.value.get(key) or self.node
        self.findings.append(node.wrong(message, remedy))
