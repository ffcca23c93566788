"""When an alert fires and when it is resolved, over series of measured minutes, without a server."""

from typing import Any

import pytest

from azml.emulator.contract.answer_counts import Tally
from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.monitor.alert_rules import AlertRule, rule_of
from azml.emulator.control.monitor.alert_states import Alert, looked
from azml.emulator.control.monitor.series import Measured

_ML = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices"
ENDPOINT = f"{_ML}/workspaces/ws/onlineEndpoints/e"
REQUESTS = {"metricName": "RequestsPerMinute", "timeAggregation": "Average"}
BLUE = {"name": "deployment", "operator": "Include", "values": ["blue"]}
FAILED = {"name": "statusCode", "operator": "Include", "values": ["424", "503"]}


def alert(*conditions: dict[str, Any], scope: str = ENDPOINT, **properties: object) -> AlertRule:
    """The rule of an alert with these conditions, each above 10 unless it says otherwise."""
    common = {"name": "c", "criterionType": "StaticThresholdCriterion", "operator": "GreaterThan"}
    found = rule_of(
        {
            "scopes": [scope],
            "evaluationFrequency": "PT1M",
            "windowSize": "PT5M",
            "criteria": {
                "odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
                "allOf": [{**common, "threshold": 10, **one} for one in conditions],
            },
            **properties,
        }
    )
    assert found is not None
    return found


def minute(at: int, deployment: str = "blue", milliseconds: float = 5.0, **statuses: int) -> dict[str, Any]:
    """A minute's answers, as many of each status as said."""
    tally = Tally()
    for status, count in statuses.items():
        for _ in range(count):
            tally.record(int(status.removeprefix("s")), 0, milliseconds)
    return {"minute": at, "deployment": deployment, **tally.summary()}


def values(rule: AlertRule, *minutes: dict[str, Any], end: int = 300) -> dict[tuple[str, ...], float]:
    ((_, trigger),) = rule.triggers
    found = trigger.found(Measured(minutes, []), end - rule.window, end)
    return {tuple(one.dimensions.values()): one.value for one in found}


def test_each_combination_of_dimension_values_is_a_series_of_its_own() -> None:
    rule = alert({**REQUESTS, "dimensions": [BLUE, FAILED]})
    minutes = [minute(240, s200=50, s424=6, s503=2), minute(180, s424=10), minute(240, "green", s424=90)]
    assert values(rule, *minutes) == {("blue", "424"): 8.0, ("blue", "503"): 2.0}


def test_the_window_ends_before_the_minute_that_is_looked_from() -> None:
    rule = alert({**REQUESTS, "dimensions": [BLUE]})
    assert values(rule, minute(0, s200=3), end=300) == {("blue",): 3.0}
    assert values(rule, minute(0, s200=3), end=360) == {}
    assert values(rule, minute(300, s200=3), end=300) == {}


def test_what_is_excluded_does_not_count() -> None:
    rule = alert({**REQUESTS, "dimensions": [BLUE, {**FAILED, "operator": "Exclude", "values": ["200"]}]})
    assert values(rule, minute(240, s200=50, s500=1)) == {("blue", "500"): 1.0}


@pytest.mark.parametrize(
    ("operator", "meets"),
    [
        ("GreaterThan", (False, False, True)),
        ("GreaterThanOrEqual", (False, True, True)),
        ("LessThan", (True, False, False)),
        ("LessThanOrEqual", (True, True, False)),
        ("Equals", (False, True, False)),
    ],
)
def test_operators(operator: str, meets: tuple[bool, ...]) -> None:
    ((_, trigger),) = alert({**REQUESTS, "operator": operator}).triggers
    assert tuple(trigger.met(value) for value in (9.0, 10.0, 11.0)) == meets


def test_an_alert_is_resolved_after_three_healthy_looks_in_a_row() -> None:
    one = Alert("a", {}, 11.0, fired=0.0)
    for moment, value in ((60.0, None), (120.0, None), (180.0, 12.0), (240.0, None), (300.0, None)):
        one = looked(one, value, moment, resolves=True)
        assert one.condition == "Fired"
    one = looked(one, None, 360.0, resolves=True)
    assert (one.condition, one.resolved) == ("Resolved", 360.0)


def test_an_alert_of_a_rule_that_does_not_resolve_goes_on_firing() -> None:
    one = Alert("a", {}, 11.0, fired=0.0)
    for moment in range(60, 600, 60):
        one = looked(one, None, float(moment), resolves=False)
    assert one.condition == "Fired"


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        (
            {"metricName": "RequestLatency_P98", "timeAggregation": "Average"},
            "named RequestLatency_P98. Valid",
        ),
        (
            {"metricName": "CpuUtilizationPercentage", "timeAggregation": "Average"},
            "Valid metrics: RequestLat",
        ),
        ({**REQUESTS, "timeAggregation": "Total"}, "no aggregation 'Total'; it has: Average"),
        ({**REQUESTS, "dimensions": [{**BLUE, "name": "slot"}]}, "has no dimension 'slot'"),
        ({**REQUESTS, "dimensions": [{**BLUE, "operator": "Equals"}]}, "it must be Include or Exclude"),
        ({**REQUESTS, "dimensions": [{**BLUE, "values": []}]}, "'deployment' has no value"),
        ({**REQUESTS, "metricNamespace": "Microsoft.Web/sites"}, "is not that of the resource"),
    ],
)
def test_a_condition_on_what_does_not_exist_is_refused(condition: dict[str, Any], says: str) -> None:
    with pytest.raises(ArmError, match=says):
        alert(condition)


def test_criteria_without_a_condition_are_refused() -> None:
    with pytest.raises(ArmError, match="are empty"):
        alert()
