"""Looks at the alert rules: fires and resolves alerts, and tells the action groups."""

import asyncio
import logging
import uuid
from collections.abc import Mapping, Sequence

from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.monitor.alert_rules import METRIC_ALERTS, AlertRule, rule_of, webhooks
from azml.emulator.control.monitor.alert_states import Alert, alert_from_json, looked
from azml.emulator.control.monitor.measurements import Measurements
from azml.emulator.control.monitor.triggers import Found
from azml.emulator.control.monitor.webhooks import common_schema, post

KEPT = 50
"""Alerts of a rule that are kept, the latest."""
_ALERTS = "alerts"
log = logging.getLogger(__name__)


class Alerts:
    """The alert rules on endpoints and deployments. Alerts are kept with their rule."""

    def __init__(self, store: ResourceStore) -> None:
        self._store = store

    def rules(self) -> list[tuple[Record, AlertRule]]:
        """The rules that are enabled, and what they watch."""
        found = [
            (record, _rule(record))
            for record in self._store.under("", METRIC_ALERTS)
            if record.properties.get("enabled")
        ]
        return [(record, rule) for record, rule in found if rule]

    def active(self) -> bool:
        """Whether there is a rule."""
        return bool(self.rules())

    async def look(self, now: int, measurements: Measurements) -> None:
        """Look at the rules that are due at the minute `now`, unix seconds, and tell of what changed."""
        due = [(record, rule) for record, rule in self.rules() if now % rule.every == 0]
        changed = [await self._look_at(record, rule, now, measurements) for record, rule in due]
        news = [
            self._tell(record, rule, alert)
            for (record, rule), alerts in zip(due, changed, strict=True)
            for alert in alerts
        ]
        await asyncio.gather(*news)

    async def _look_at(
        self, record: Record, rule: AlertRule, now: int, measurements: Measurements
    ) -> Sequence[Alert]:
        """The alerts that fired or were resolved."""
        if self._store.find(rule.scope) is None:
            return ()
        measured = await measurements.of(resource_id(rule.scope), now - rule.window)
        met = [
            [one for one in trigger.found(measured, now - rule.window, now) if trigger.met(one.value)]
            for _, trigger in rule.triggers
        ]
        # Where there are several conditions, Azure allows one series each.
        hits = met[0] if all(met) else []
        fresh = self._store.find(record.id.text)
        if fresh is None or fresh.hidden.get("modified") != record.hidden.get("modified"):
            return ()  # it was written meanwhile
        before = alerts_of(fresh)
        after = [_after(one, hits, now, rule) for one in before]
        firing = [one.dimensions for one in after if one.condition == "Fired"]
        new = [
            Alert(str(uuid.uuid4()), one.dimensions, one.value, float(now))
            for one in hits
            if one.dimensions not in firing
        ]
        if after != before or new:
            kept = [one.to_json() for one in (*after, *new)][-KEPT:]
            self._store.put(fresh.with_hidden(**{_ALERTS: kept}))
        ended = [one for one, old in zip(after, before, strict=True) if one.condition != old.condition]
        return [*ended, *new]

    async def _tell(self, record: Record, rule: AlertRule, alert: Alert) -> None:
        message = common_schema(record, rule, alert)
        for name in rule.action_groups:
            group = self._store.find(name)
            for receiver in webhooks(group) if group else ():
                await post(receiver, message)
            mails = len(group.properties.get("emailReceivers") or ()) if group else 0
            if mails:
                news = f"{record.id.name} {alert.condition.lower()}"
                log.warning("%s: no mail is sent by the local Azure; %d addresses would get one", news, mails)


def alerts_of(record: Record) -> list[Alert]:
    """The alerts of a rule, oldest first."""
    kept: Sequence[Mapping[str, object]] = record.hidden.get(_ALERTS) or ()
    return [alert_from_json(one) for one in kept]


def firing_below(scope: str, store: ResourceStore) -> list[tuple[Record, Alert]]:
    """The alerts that fire on a resource or on one below it, with their rules; the first that fired first."""
    low = scope.lower()
    found = [
        (record, alert)
        for record in store.under("", METRIC_ALERTS)
        for alert in alerts_of(record)
        if alert.condition == "Fired" and f"{record.properties['scopes'][0]}/".lower().startswith(f"{low}/")
    ]
    return sorted(found, key=lambda one: one[1].fired)


def _rule(record: Record) -> AlertRule | None:
    """The rule of a stored resource; None for one that an earlier local Azure accepted and this does not."""
    try:
        return rule_of(record.properties)
    except (ArmError, KeyError):
        return None


def _after(alert: Alert, hits: Sequence[Found], now: int, rule: AlertRule) -> Alert:
    if alert.condition == "Resolved":
        return alert
    value = next((one.value for one in hits if one.dimensions == alert.dimensions), None)
    return looked(alert, value, float(now), resolves=rule.resolves)
