"""What autoscale does with metrics and time, without a server."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.monitor.definitions import DEPLOYMENT
from azml.emulator.control.monitor.scale_settings import setting_of
from azml.emulator.control.monitor.scaling import Profile, ScaleRule, decide
from azml.emulator.control.monitor.schedules import Fixed, Weekly, When, current
from azml.emulator.control.monitor.series import Measured
from azml.emulator.control.monitor.time_zones import NAMES, time_zone
from azml.emulator.control.monitor.triggers import Trigger, definition
from azml.stack.endpoint.time_zones import TIME_ZONES

CPU = definition(DEPLOYMENT.lower(), "CpuUtilizationPercentage")
MEMORY = definition(DEPLOYMENT.lower(), "CpuMemoryUtilizationPercentage")
MORE = ScaleRule(
    Trigger(CPU, "GreaterThan", 70, "Average"), "d", 300, "average", False, True, "ChangeCount", 1, 300
)
LESS = replace(MORE, trigger=Trigger(CPU, "LessThan", 30, "Average"), adds=False)
FULL = replace(MORE, trigger=Trigger(MEMORY, "GreaterThan", 80, "Average"), amount=3)


def profile(*rules: ScaleRule, least: int = 1, most: int = 5, default: int = 1) -> Profile:
    return Profile("p", least, most, default, rules)


def count(of: Profile, now: int, *values: float | None, last: float | None = None, at: float = 1_000) -> int:
    return decide(of, now, values, last, at).count


@pytest.mark.parametrize(
    ("before", "cpu", "after"),
    [(1, 71, 2), (1, 70, 1), (5, 99, 5), (3, 20, 2), (1, 20, 1), (3, 50, 3), (0, 50, 1), (9, 99, 5)],
)
def test_one_more_above_one_fewer_below_and_never_beyond_the_limits(
    before: int, cpu: float, after: int
) -> None:
    assert count(profile(MORE, LESS), before, cpu, cpu) == after


def test_any_rule_adds_and_the_largest_step_wins() -> None:
    both = profile(MORE, FULL, LESS, most=9)
    assert count(both, 2, 90, 90, 90) == 5
    assert count(both, 2, 90, 10, 90) == 3


def test_all_rules_must_agree_to_remove() -> None:
    idle = replace(LESS, trigger=Trigger(MEMORY, "LessThan", 50, "Average"))
    assert count(profile(MORE, LESS, idle), 3, 5, 5, 60) == 3
    assert count(profile(MORE, LESS, idle), 3, 5, 5, 40) == 2


def test_a_cooldown_is_waited_for() -> None:
    assert count(profile(MORE, LESS), 2, 90, 90, last=800) == 2
    assert count(profile(MORE, LESS), 2, 90, 90, last=700) == 3
    assert count(profile(MORE, LESS), 2, 5, 5, last=800) == 2


def test_nothing_is_removed_that_would_come_back_at_once() -> None:
    """29 percent on two instances are 58 on one: fine. With a limit of 50 they would be two again."""
    eager = replace(MORE, trigger=Trigger(CPU, "GreaterThan", 50, "Average"))
    assert count(profile(MORE, LESS), 2, 29, 29) == 1
    assert count(profile(eager, LESS), 2, 29, 29) == 2


def test_without_a_value_nothing_is_removed_and_the_number_rises_to_the_default() -> None:
    assert count(profile(MORE, LESS, default=3), 1, None, None) == 3
    assert count(profile(MORE, LESS, default=3), 4, None, None) == 4
    assert count(profile(MORE, LESS, default=3), 2, 50, None) == 2


def test_steps_can_be_percents_and_exact() -> None:
    percent = replace(MORE, change="PercentChangeCount", amount=50)
    exact = replace(MORE, change="ExactCount", amount=4)
    assert count(profile(percent, most=9), 3, 90) == 5
    assert count(profile(exact), 2, 90) == 4


@settings(max_examples=60)
@given(
    st.integers(1, 60),
    st.tuples(st.floats(0, 100) | st.none(), st.floats(0, 100) | st.none()),
    st.integers(1, 10),
    st.integers(0, 20),
)
def test_the_number_is_always_within_the_limits(
    before: int, values: tuple[float | None, float | None], least: int, more: int
) -> None:
    most = least + more
    found = decide(profile(MORE, LESS, least=least, most=most, default=least), before, values, None, 1_000)
    assert least <= found.count <= most


def test_minutes_are_put_together_by_statistic_and_time_aggregation() -> None:
    def spread(*values: float) -> dict[str, Any]:
        return {f"i{at}": {"count": 1, "total": v, "least": v, "most": v} for at, v in enumerate(values)}

    usage = [{"minute": 0, "cpu": spread(10, 30)}, {"minute": 60, "cpu": spread(50, 90)}]
    measured = Measured([], [{**one, "memory": {}, "capacity": {}} for one in usage])
    assert MORE.trigger.by_minute(measured, 0, 120, "average") == 45
    assert MORE.trigger.by_minute(measured, 0, 120, "maximum") == 60
    peak = replace(MORE.trigger, aggregation="Maximum")
    assert peak.by_minute(measured, 0, 120, "average") == 70
    assert MORE.trigger.by_minute(measured, 120, 240, "average") is None


BERLIN = time_zone("W. Europe Standard Time")
WORKDAYS = (0, 1, 2, 3, 4)
OFFICE: tuple[When, ...] = (
    Weekly(BERLIN, WORKDAYS, (8,), (0,)),
    Weekly(BERLIN, WORKDAYS, (18,), (30,)),
    None,
)


@pytest.mark.parametrize(
    ("moment", "place"),
    [
        ("2026-01-14T06:59:00", 1),  # Wednesday, 7:59 in Berlin: since yesterday evening
        ("2026-01-14T07:00:00", 0),
        ("2026-01-14T17:29:00", 0),
        ("2026-01-14T17:30:00", 1),
        ("2026-01-18T12:00:00", 1),  # Sunday
        ("2026-07-15T06:00:00", 0),  # summer time
    ],
)
def test_a_time_begins_and_ends_by_the_clock_of_its_zone(moment: str, place: int) -> None:
    seconds = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    assert current(OFFICE, seconds) == place


def test_a_fixed_date_wins_and_the_default_holds_otherwise() -> None:
    sale = Fixed(datetime(2026, 1, 14, tzinfo=UTC), datetime(2026, 1, 15, tzinfo=UTC))
    inside = datetime(2026, 1, 14, 12, tzinfo=UTC).timestamp()
    assert current((*OFFICE, sale), inside) == 3
    assert current((sale, None), inside - 90_000) == 1


def test_the_settings_and_the_local_azure_know_the_same_time_zones() -> None:
    assert set(TIME_ZONES) == NAMES
    assert all(time_zone(name) for name in TIME_ZONES)


_ML = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices"
BLUE = f"{_ML}/workspaces/ws/onlineEndpoints/e/deployments/blue"
TRIGGER = {
    "metricName": "CpuUtilizationPercentage",
    "metricResourceUri": BLUE,
    "timeGrain": "PT1M",
    "statistic": "Average",
    "timeWindow": "PT5M",
    "timeAggregation": "Average",
    "operator": "GreaterThan",
    "threshold": 70,
}
ACTION = {"direction": "Increase", "type": "ChangeCount", "value": "1", "cooldown": "PT5M"}
CAPACITY = {"minimum": "1", "maximum": "5", "default": "1"}
WEEK = {"timeZone": "UTC", "days": ["Monday"], "hours": [8], "minutes": [0]}


def scaled(trigger: Any = (), action: Any = (), **value: Any) -> dict[str, Any]:
    rule = {"metricTrigger": {**TRIGGER, **dict(trigger)}, "scaleAction": {**ACTION, **dict(action)}}
    profile = {"name": "p", "capacity": CAPACITY, "rules": [rule], **value}
    return {"targetResourceUri": BLUE, "profiles": [profile]}


def test_a_setting_is_read() -> None:
    setting = setting_of(scaled(recurrence={"frequency": "Week", "schedule": WEEK}))
    assert setting is not None
    assert setting.profiles == (Profile("p", 1, 5, 1, (replace(MORE, of=BLUE),)),)
    assert setting.times == (Weekly(time_zone("UTC"), (0,), (8,), (0,)),)
    other = {"targetResourceUri": f"{_ML}/workspaces/ws/computes/c", "profiles": []}
    assert setting_of(other) is None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"trigger": {"metricName": "Nothing"}}, "named Nothing. Valid metrics: CpuUtil"),
        ({"trigger": {"timeWindow": "PT1M"}}, "timeWindow is 'PT1M': it must be from 300"),
        ({"trigger": {"timeGrain": "PT5M"}}, "CpuUtilizationPercentage has PT1M"),
        ({"trigger": {"timeAggregation": "Total"}}, "no aggregation 'Total'"),
        ({"trigger": {"metricResourceUri": f"{_ML}/workspaces/ws"}}, "no metrics of the resource type"),
        ({"action": {"direction": "None"}}, "nothing would happen"),
        ({"action": {"type": "ServiceAllowedNextValue"}}, "does not have"),
        ({"action": {"value": "0"}}, "scaleAction.value is '0'"),
        ({"action": {"cooldown": "PT30S"}}, "cooldown is 'PT30S'"),
        ({"capacity": {**CAPACITY, "maximum": "51"}}, "capacity.maximum is '51': it must be from 1 to 50"),
        ({"capacity": {**CAPACITY, "default": "6"}}, "minimum <= default <= maximum"),
        ({"recurrence": {"frequency": "Day", "schedule": WEEK}}, "must be Week"),
        ({"recurrence": {"frequency": "Week", "schedule": {**WEEK, "days": ["Mon"]}}}, "'Mon' is not a day"),
        ({"recurrence": {"frequency": "Week", "schedule": {**WEEK, "hours": [24]}}}, "schedule.hours has 24"),
        ({"recurrence": {"frequency": "Week", "schedule": {**WEEK, "timeZone": "CET"}}}, "time zone 'CET'"),
        ({"fixedDate": {"start": "today", "end": "2030-01-01T00:00:00"}}, "'today' is not a time"),
    ],
)
def test_a_setting_that_azure_would_refuse_is_refused(body: dict[str, Any], says: str) -> None:
    with pytest.raises(ArmError, match=says.replace(".", r"\.")):
        setting_of(scaled(**body))


def test_a_setting_has_limits() -> None:
    many = scaled()
    many["profiles"] *= 21
    with pytest.raises(ArmError, match="21 profiles"):
        setting_of(many)
    many = scaled()
    many["profiles"][0]["rules"] *= 11
    with pytest.raises(ArmError, match="11 rules"):
        setting_of(many)
