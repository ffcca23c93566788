"""Looks at the autoscale settings of deployments, and changes their number of instances."""

import logging

from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.arm.ids import ResourceId, resource_id
from azml.emulator.control.arm.json import section
from azml.emulator.control.arm.resource_manager import ResourceManager
from azml.emulator.control.arm.store import BUSY, Record
from azml.emulator.control.monitor.measurements import Measurements
from azml.emulator.control.monitor.scale_settings import AUTOSCALE, ScaleSetting, setting_of
from azml.emulator.control.monitor.scaling import Profile, ScaleRule, decide
from azml.emulator.control.monitor.schedules import current

_LAST = "scaled"
log = logging.getLogger(__name__)


class Autoscale:
    """The settings of online deployments. The time of a setting's last change is kept with it."""

    def __init__(self, service: ResourceManager) -> None:
        self._service = service
        self._store = service.store

    def settings(self) -> list[tuple[Record, ScaleSetting]]:
        """The settings that are enabled, and what they say."""
        found = [
            (record, _setting(record))
            for record in self._store.under("", AUTOSCALE)
            if record.properties.get("enabled")
        ]
        return [(record, setting) for record, setting in found if setting and setting.profiles]

    def active(self) -> bool:
        """Whether there is a setting."""
        return bool(self.settings())

    async def look(self, now: int, measurements: Measurements) -> None:
        """Look at every setting at the minute `now`, unix seconds."""
        for record, setting in self.settings():
            deployment = self._store.find(setting.target)
            if deployment and deployment.state not in BUSY:
                profile = setting.profiles[current(setting.times, now)]
                await self._scale(record, deployment, profile, now, measurements)

    async def _scale(
        self, record: Record, deployment: Record, profile: Profile, now: int, measurements: Measurements
    ) -> None:
        count = int(section(deployment.body, "sku").get("capacity", 1))
        values = [await self._value(rule, count, now, measurements) for rule in profile.rules]
        decision = decide(profile, count, values, record.hidden.get(_LAST), now)
        if decision.count == count:
            return
        change = f"{deployment.id.name}: {count} to {decision.count} instances, {decision.reason}"
        try:
            await scale_to(self._service, deployment.id, decision.count)
        except ArmError as refused:
            log.warning("%s; refused: %s", change, refused.message)
            return
        log.warning("%s", change)
        if fresh := self._store.find(record.id.text):
            self._store.put(fresh.with_hidden(**{_LAST: float(now)}))

    async def _value(self, rule: ScaleRule, count: int, now: int, measurements: Measurements) -> float | None:
        if self._store.find(rule.of) is None:
            return None
        measured = await measurements.of(resource_id(rule.of), now - rule.window)
        value = rule.trigger.by_minute(measured, now - rule.window, now, rule.statistic)
        return value / count if rule.per_instance and value is not None else value


async def scale_to(service: ResourceManager, deployment: ResourceId, count: object) -> None:
    """A write of the capacity alone, as Azure does it. Returns once it is carried out; raises ArmError."""
    answer = service.patch(deployment, {"sku": {"capacity": count}})
    if answer.operation:
        ended = await service.worker.worked(answer.operation)
        if ended.error:
            raise ArmError(400, str(ended.error["code"]), str(ended.error["message"]))


def _setting(record: Record) -> ScaleSetting | None:
    """The setting; None for one that an earlier local Azure accepted and this does not."""
    try:
        return setting_of(record.properties)
    except (ArmError, KeyError):
        return None
