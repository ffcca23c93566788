"""What an autoscale profile does about the number of instances, as a pure function of metrics and time.

Rules: learn.microsoft.com, "Understand autoscale settings" and "Flapping in autoscale": instances are added
when any rule for that is met, and removed when all rules for that are; a rule is not looked at while its
cooldown after the last change lasts; nothing is removed where the metric, spread over fewer instances, would
add them again; without any metric the number rises to the default.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

from azml.emulator.control.monitor.triggers import Trigger

Change = Literal["ChangeCount", "PercentChangeCount", "ExactCount"]


@dataclass(frozen=True)
class ScaleRule:
    """A condition on a metric of the resource with id `of`, and what follows. Times are seconds.

    The metric's minutes are numbers by `statistic`; with `per_instance` their aggregation is divided by the
    number of instances. `amount` is instances or percent.
    """

    trigger: Trigger
    of: str
    window: int
    statistic: str
    per_instance: bool
    adds: bool
    change: Change
    amount: int
    cooldown: float

    def applied(self, count: int) -> int:
        """The number of instances after its action."""
        if self.change == "ExactCount":
            return self.amount
        step = self.amount if self.change == "ChangeCount" else ceil(count * self.amount / 100)
        return count + step if self.adds else count - step


@dataclass(frozen=True)
class Profile:
    """The limits of the number of instances, and the rules."""

    name: str
    least: int
    most: int
    default: int
    rules: tuple[ScaleRule, ...]


@dataclass(frozen=True)
class Decision:
    """The number of instances that should be, and why."""

    count: int
    reason: str


def decide(
    profile: Profile, count: int, values: Sequence[float | None], last: float | None, now: float
) -> Decision:
    """The decision at unix time `now`.

    `values` are the metrics of the profile's rules, None without a sample; `last` is the time of the last
    change.
    """
    if not profile.least <= count <= profile.most:
        return Decision(min(max(count, profile.least), profile.most), "outside its limits")
    rules = list(zip(profile.rules, values, strict=True))
    if rules and all(value is None for value in values):
        return Decision(max(count, profile.default), "no metric has a value")
    waits = [rule for rule in profile.rules if last is not None and now - last < rule.cooldown]
    more = [rule for rule, value in rules if rule.adds and rule not in waits and _met(rule, value)]
    if more:
        wanted = max(rule.applied(count) for rule in more)
        return Decision(min(max(wanted, count), profile.most), _words(more[0]))
    fewer = [(rule, value) for rule, value in rules if not rule.adds]
    if not fewer or not all(rule not in waits and _met(rule, value) for rule, value in fewer):
        return Decision(count, "no rule is met")
    wanted = min(max(max(rule.applied(count) for rule, _ in fewer), profile.least), count)
    if wanted < count and _would_add_again(rules, count, wanted):
        return Decision(count, "fewer instances would be more again")
    return Decision(wanted, _words(fewer[0][0]))


def _met(rule: ScaleRule, value: float | None) -> bool:
    return value is not None and rule.trigger.met(value)


def _would_add_again(rules: Sequence[tuple[ScaleRule, float | None]], count: int, wanted: int) -> bool:
    """Whether a metric by which instances go would, spread over fewer of them, bring them back."""
    going = {(rule.of, rule.trigger.metric.name) for rule, _ in rules if not rule.adds}
    return any(
        rule.adds
        and value is not None
        and (rule.of, rule.trigger.metric.name) in going
        and rule.trigger.met(value * count / max(wanted, 1))
        for rule, value in rules
    )


def _words(rule: ScaleRule) -> str:
    trigger = rule.trigger
    return f"{trigger.metric.name} {trigger.operator} {trigger.threshold:g}"
