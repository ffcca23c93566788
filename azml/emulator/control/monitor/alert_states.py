"""How an alert fires and resolves, as a pure function of what is looked at.

Rules of Azure Monitor, "Overview of Azure Monitor alerts", stateful metric alerts: an alert fires once, when
its condition is met, and is resolved when the condition was not met in three looks one after another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from azml.emulator.control.arm.json import Json

HEALTHY_LOOKS = 3
Condition = Literal["Fired", "Resolved"]


@dataclass(frozen=True)
class Alert:
    """One alert of a rule: from when it fired to when it was resolved (None: it still fires), unix seconds.

    `dimensions` tell its series from the rule's others; `value` is what the metric had when it fired.
    `healthy` counts the looks in a row that did not meet the condition.
    """

    id: str
    dimensions: Mapping[str, str]
    value: float
    fired: float
    resolved: float | None = None
    healthy: int = 0

    @property
    def condition(self) -> Condition:
        """Azure's monitor condition."""
        return "Fired" if self.resolved is None else "Resolved"

    def to_json(self) -> Json:
        """As JSON types."""
        return dict(vars(self))


def alert_from_json(document: Mapping[str, Any]) -> Alert:
    """The reverse of `Alert.to_json`."""
    return Alert(**document)


def looked(alert: Alert, value: float | None, now: float, *, resolves: bool) -> Alert:
    """A firing alert after one look. `value` is the metric's where it meets the condition, else None."""
    if value is not None:
        return replace(alert, healthy=0)
    healthy = alert.healthy + 1
    over = resolves and healthy >= HEALTHY_LOOKS
    return replace(alert, healthy=healthy, resolved=now if over else None)
