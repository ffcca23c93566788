"""A webhook on this machine, which keeps what it is sent."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

Json = dict[str, Any]


class Webhook:
    """Its address, and the messages so far. It answers with `status`."""

    def __init__(self) -> None:
        self.messages: list[Json] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the name that http.server looks up
                length = int(self.headers["Content-Length"])
                outer.messages.append(json.loads(self.rfile.read(length)))
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/alerts"

    def conditions(self) -> list[tuple[str, str]]:
        """The rule and the condition of each message."""
        rows = [one["data"]["essentials"] for one in self.messages]
        return [(one["alertRule"], one["monitorCondition"]) for one in rows]


@contextmanager
def webhook() -> Iterator[Webhook]:
    """A webhook that listens."""
    one = Webhook()
    thread = threading.Thread(target=one.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.server.shutdown()
        one.server.server_close()
        thread.join(10)


def action_group(*addresses: str, **properties: object) -> Json:
    """The body of an action group with these webhooks."""
    hooks = [
        {"name": f"hook-{place}", "serviceUri": address, "useCommonAlertSchema": True}
        for place, address in enumerate(addresses)
    ]
    body = {"enabled": True, "groupShortName": "us", "webhookReceivers": hooks, **properties}
    return {"location": "Global", "properties": body}


def metric_alert(scope: str, group: str, threshold: float = 5, **condition: object) -> Json:
    """The body of an alert on the requests of a minute, looked at every minute over one."""
    return {
        "location": "global",
        "properties": {
            "severity": 1,
            "enabled": True,
            "scopes": [scope],
            "evaluationFrequency": "PT1M",
            "windowSize": "PT1M",
            "criteria": {
                "odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
                "allOf": [
                    {
                        "name": "c",
                        "criterionType": "StaticThresholdCriterion",
                        "metricName": "RequestsPerMinute",
                        "operator": "GreaterThan",
                        "threshold": threshold,
                        "timeAggregation": "Average",
                        **condition,
                    }
                ],
            },
            "actions": [{"actionGroupId": group}],
        },
    }


def autoscale_setting(
    endpoint: str, deployment: str, above: float, most: int, *, cooldown: str = "PT1M"
) -> Json:
    """The body of a setting: one instance more above so many requests a minute, one fewer while idle."""
    common = {"timeGrain": "PT1M", "statistic": "Average", "timeWindow": "PT5M", "timeAggregation": "Average"}
    of_deployment = {"DimensionName": "deployment", "Operator": "Equals", "Values": [deployment]}
    more = {
        "metricName": "RequestsPerMinute",
        "metricResourceUri": endpoint,
        "operator": "GreaterThan",
        "threshold": above,
        "dimensions": [of_deployment],
        "dividePerInstance": True,
    }
    target = f"{endpoint}/deployments/{deployment}"
    fewer = {
        "metricName": "CpuUtilizationPercentage",
        "metricResourceUri": target,
        "operator": "LessThan",
        "threshold": 90,
    }
    rules = [
        {
            "metricTrigger": {**common, **trigger},
            "scaleAction": {"direction": way, "type": "ChangeCount", "value": "1", "cooldown": cooldown},
        }
        for trigger, way in ((more, "Increase"), (fewer, "Decrease"))
    ]
    capacity = {"minimum": "1", "maximum": str(most), "default": "1"}
    profile = {"name": "default", "capacity": capacity, "rules": rules}
    properties = {"enabled": True, "targetResourceUri": target, "profiles": [profile]}
    return {"location": "westeurope", "properties": properties}
