"""Rules act on what was really measured: an instance comes and goes, an alert fires and is resolved."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

from tests.emulator.webhook import action_group, autoscale_setting, metric_alert, webhook
from tests.fixtures.control_plane import ENDPOINT, GROUP
from tests.fixtures.serving_azure import ServingAzure

STEERED = f"{ENDPOINT}/deployments/steered"
INSIGHTS = f"{GROUP}/providers/Microsoft.Insights"
FAILED = [
    {"name": "deployment", "operator": "Include", "values": ["steered"]},
    {"name": "statusCode", "operator": "Include", "values": ["424", "500"]},
]
FAILURES, REQUESTS = 12, 30


def load(azure: ServingAzure, count: int, status: int = 200, **asked: object) -> list[bytes]:
    """The answers to as many requests, eight at a time."""
    body = json.dumps(asked).encode()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: azure.score(body, "steered"), range(count)))
    assert [one.status for one in answers] == [status] * count
    return [one.raw for one in answers]


def let_a_minute_begin(seconds: float) -> None:
    """Wait where this minute is over in fewer seconds: what is measured next shall be of one minute."""
    left = 60 - time.time() % 60
    if left < seconds:
        time.sleep(left)


def test_load_adds_an_instance_and_an_alert_fires_until_it_is_over(serving: ServingAzure) -> None:
    def instances() -> int:
        return int(serving.arm("GET", STEERED).body["sku"]["capacity"])

    def pass_minutes(count: int) -> None:
        assert serving.own("POST", "clock", {"advance": 60 * count}).status == 204

    made = [
        f"{INSIGHTS}/{name}" for name in ("actionGroups/us", "metricAlerts/failing", "autoscaleSettings/s")
    ]
    group, alert, setting = made
    with webhook() as hook:
        try:
            serving.done(serving.arm("PUT", group, action_group(hook.url)))
            body = metric_alert(ENDPOINT, group, threshold=FAILURES - 2, dimensions=FAILED)
            serving.done(serving.arm("PUT", alert, body))
            # It stays for five minutes: a slow machine may look at two minutes, one after the other.
            scaling = autoscale_setting(ENDPOINT, "steered", above=REQUESTS / 2, most=2, cooldown="PT5M")
            serving.done(serving.arm("PUT", setting, scaling))
            pass_minutes(1)  # what other tests have sent is over
            let_a_minute_begin(10)
            load(serving, FAILURES, 424, fail=True)
            load(serving, REQUESTS)
            pass_minutes(1)
            assert hook.conditions() == [("failing", "Fired")], serving.log
            given = hook.messages[0]["data"]["alertContext"]["condition"]["allOf"][0]
            # An answer of an earlier test may be counted late; those with another status never are.
            assert FAILURES <= given["metricValue"] < REQUESTS
            assert instances() == 2, serving.log
            assert len(set(load(serving, 16, pid=True))) == 2
            pass_minutes(6)
            assert hook.conditions() == [("failing", "Fired"), ("failing", "Resolved")]
            pass_minutes(1)
            assert instances() == 1, serving.log
        finally:
            for path in reversed(made):
                serving.done(serving.arm("DELETE", path))
            serving.own("DELETE", "clock")
