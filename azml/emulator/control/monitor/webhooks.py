"""Posts alerts to webhooks in Azure's common alert schema, and only to this machine.

Source: learn.microsoft.com, "Common alert schema".
"""

import logging
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from azml.emulator.control.arm.additions import moment
from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.store import Record
from azml.emulator.control.monitor.alert_rules import AlertRule
from azml.emulator.control.monitor.alert_states import Alert

SCHEMA = "azureMonitorCommonAlertSchema"
TIMEOUT = 10.0  # seconds
log = logging.getLogger(__name__)


async def post(receiver: Mapping[str, Any], message: Json) -> None:
    """Post a message to a webhook receiver of an action group, once: what is not taken is lost, and logged.

    The address is a secret, which the log does not repeat.
    """
    name, address = receiver.get("name"), str(receiver.get("serviceUri", ""))
    if not _on_this_machine(address):
        log.warning("webhook %s is not on this machine: Azure would post to it, nothing is sent", name)
    elif not receiver.get("useCommonAlertSchema"):
        log.warning("webhook %s does not use the common alert schema: nothing is sent", name)
    else:
        try:
            status = await _sent(address, message)
        except (OSError, ValueError) as error:
            log.warning("webhook %s did not take an alert: %s", name, type(error.__cause__ or error).__name__)
        else:
            if status >= 300:
                log.warning("webhook %s answered %d to an alert", name, status)


async def _sent(address: str, message: Json) -> int:
    """The status of the answer. A redirection could lead elsewhere, and is not followed.

    Raises OSError or ValueError without an answer.
    """
    import aiohttp  # slow to import, and few stacks have webhooks

    timeout = aiohttp.ClientTimeout(total=TIMEOUT)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(address, json=message, allow_redirects=False) as answer,
        ):
            return answer.status
    except aiohttp.ClientError as error:
        raise ConnectionError(str(error)) from error


def common_schema(record: Record, rule: AlertRule, alert: Alert) -> Json:
    """The message about an alert that fires or is resolved."""
    properties = record.properties
    ended = {"resolvedDateTime": moment(alert.resolved)} if alert.resolved is not None else {}
    essentials = {
        "alertId": alert_id(record, alert),
        "alertRule": record.id.name,
        "severity": f"Sev{properties['severity']}",
        "signalType": "Metric",
        "monitorCondition": alert.condition,
        "monitoringService": "Platform",
        "alertTargetIDs": [rule.scope.lower()],
        "configurationItems": [rule.scope.rpartition("/")[2]],
        "originAlertId": alert.id,
        "firedDateTime": moment(alert.fired),
        **ended,
        "description": str(properties.get("description") or ""),
        "essentialsVersion": "1.0",
        "alertContextVersion": "1.0",
    }
    condition = {
        "windowSize": properties["windowSize"],
        "allOf": [
            {
                "metricName": trigger.metric.name,
                "operator": trigger.operator,
                "threshold": f"{trigger.threshold:g}",
                "timeAggregation": trigger.aggregation,
                "dimensions": [{"name": name, "value": value} for name, value in alert.dimensions.items()],
                "metricValue": alert.value,
            }
            for _, trigger in rule.triggers
        ],
    }
    kind = "SingleResourceMultipleMetricCriteria"
    context = {"properties": None, "conditionType": kind, "condition": condition}
    return {"schemaId": SCHEMA, "data": {"essentials": essentials, "alertContext": context}}


def alert_id(record: Record, alert: Alert) -> str:
    """The ARM id of an alert."""
    subscription = record.id.text.split("/")[2]
    return f"/subscriptions/{subscription}/providers/Microsoft.AlertsManagement/alerts/{alert.id}"


def _on_this_machine(address: str) -> bool:
    """Whether an address is http(s) on a loopback number or `localhost`; another name may lead elsewhere."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        return parts.scheme in ("http", "https") and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return False
