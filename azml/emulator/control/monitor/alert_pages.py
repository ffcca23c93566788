"""What may be read of alerts: the firing and the resolved ones, and the state of one rule.

Sources: Microsoft.AlertsManagement 2019-03-01, `Alerts_GetAll`; Microsoft.Insights 2018-03-01,
`MetricAlertsStatus_List`.
"""

from collections.abc import Callable, Mapping

from azml.emulator.control.arm.additions import moment
from azml.emulator.control.arm.answer import Answer
from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.pages import Page, Question
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.monitor.alert_rules import METRIC_ALERTS, rule_of
from azml.emulator.control.monitor.alert_states import Alert
from azml.emulator.control.monitor.alerts import alerts_of
from azml.emulator.control.monitor.webhooks import alert_id

_RULE = (
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Insights/metricAlerts/{rule}"
)
_FILTERS: Mapping[str, Callable[[Json], str]] = {
    "monitorcondition": lambda essentials: str(essentials["monitorCondition"]),
    "targetresource": lambda essentials: str(essentials["targetResource"]),
    "targetresourcegroup": lambda essentials: str(essentials["targetResourceGroup"]),
    "targetresourcetype": lambda essentials: str(essentials["targetResourceType"]),
    "alertrule": lambda essentials: str(essentials["alertRule"]),
    "severity": lambda essentials: str(essentials["severity"]),
}
_WITHOUT_EFFECT = frozenset(
    {"api-version", "timerange", "pagecount", "sortby", "sortorder", "includecontext"}
)
"""Parameters that change nothing here: all alerts that are kept are shown, the latest first."""


class AlertPages:
    """The pages over the alerts that are kept with their rules."""

    def __init__(self, store: ResourceStore) -> None:
        self._store = store

    def pages(self) -> list[Page]:
        """The list of alerts under a scope, and the state of a rule."""
        return [
            Page("GET", "{id}/providers/Microsoft.AlertsManagement/alerts", self._list),
            Page("GET", f"{_RULE}/status", self._status),
        ]

    async def _list(self, question: Question) -> Answer:
        asked = {name.lower(): value for name, value in question.query.items()}
        unknown = asked.keys() - _FILTERS.keys() - _WITHOUT_EFFECT
        if unknown:
            raise bad_request(f"The filter is not supported: {', '.join(sorted(unknown))}.")
        wanted = {name: value.lower() for name, value in asked.items() if name in _FILTERS}
        scope = question.parts["id"].lower()
        found = [
            body
            for record in self._store.under("", METRIC_ALERTS)
            for alert in alerts_of(record)
            if _below((body := _alert(record, alert)), scope) and _matches(body, wanted)
        ]
        found.sort(key=lambda body: str(_essentials(body)["startDateTime"]), reverse=True)
        return Answer(200, {"value": found})

    async def _status(self, question: Question) -> Answer:
        parts = question.parts
        path = _RULE.format(**parts)
        record = self._store.get(path)
        firing = [one for one in alerts_of(record) if one.condition == "Fired"]
        states = [_state(record, "Unhealthy", one) for one in firing] or [_state(record, "Healthy", None)]
        return Answer(200, {"value": states})


def _state(record: Record, status: str, alert: Alert | None) -> Json:
    times = {"timestamp": moment(alert.fired)} if alert else {}
    return {
        "id": f"{record.id.text}/status",
        "name": record.id.name,
        "type": f"{METRIC_ALERTS}/status",
        "properties": {"dimensions": dict(alert.dimensions) if alert else {}, "status": status, **times},
    }


def _alert(record: Record, alert: Alert) -> Json:
    rule = rule_of(record.properties)
    target = resource_id(rule.scope if rule else record.id.text)
    ended = {"monitorConditionResolvedDateTime": moment(alert.resolved)} if alert.resolved is not None else {}
    essentials = {
        "severity": f"Sev{record.properties['severity']}",
        "signalType": "Metric",
        "alertState": "New",
        "monitorCondition": alert.condition,
        "monitorService": "Platform",
        "targetResource": target.text,
        "targetResourceName": target.name,
        "targetResourceGroup": target.part("resourceGroups"),
        "targetResourceType": target.type,
        "alertRule": record.id.text,
        "description": str(record.properties.get("description") or ""),
        "startDateTime": moment(alert.fired),
        "lastModifiedDateTime": moment(alert.fired if alert.resolved is None else alert.resolved),
        **ended,
    }
    own = alert_id(record, alert)
    return {
        "id": own,
        "name": record.id.name,
        "type": "Microsoft.AlertsManagement/alerts",
        "properties": {"essentials": essentials, "context": {"dimensions": dict(alert.dimensions)}},
    }


def _essentials(alert: Json) -> Json:
    return section(section(alert, "properties"), "essentials")


def _below(alert: Json, scope: str) -> bool:
    target = str(_essentials(alert)["targetResource"]).lower()
    return target == scope or target.startswith(f"{scope}/")


def _matches(alert: Json, wanted: Mapping[str, str]) -> bool:
    return all(_FILTERS[name](_essentials(alert)).lower() == value for name, value in wanted.items())
