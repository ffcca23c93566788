"""Kubernetes deployments with a target utilisation: as many instances as their requests in progress need.

Source: learn.microsoft.com, "Autoscaling of the inference router on Kubernetes": the router adds and removes
instances by itself, so that each has its share of the concurrent requests it may take.
"""

import logging
from dataclasses import dataclass
from math import ceil

from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.json import section
from azml.emulator.control.arm.resource_manager import ResourceManager
from azml.emulator.control.arm.store import BUSY, Record
from azml.emulator.control.monitor.autoscale import scale_to
from azml.emulator.control.monitor.definitions import DEPLOYMENT
from azml.emulator.control.monitor.measurements import Measurements
from azml.emulator.control.monitor.series import Measured

WINDOW = 60  # seconds: metrics have one value a minute
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Target:
    """The percent of its concurrent requests that an instance should have, and the limits of the number."""

    percent: int
    concurrent: int
    least: int
    most: int

    def wanted(self, in_progress: float) -> int:
        """The number of instances for as many requests in progress at any moment."""
        needed = ceil(in_progress * 100 / (self.percent * self.concurrent))
        return min(max(needed, self.least, 1), self.most)


def target_of(deployment: Record) -> Target | None:
    """A deployment's target; None where the number of instances is fixed. Defaults are those of the API."""
    settings = section(deployment.properties, "scaleSettings")
    if str(settings.get("scaleType", "")).lower() != "targetutilization":
        return None
    requests = section(deployment.properties, "requestSettings")
    return Target(
        int(settings.get("targetUtilizationPercentage", 70)),
        int(requests.get("maxConcurrentRequestsPerInstance", 1)),
        int(settings.get("minInstances", 1)),
        int(settings.get("maxInstances", 1)),
    )


def in_progress(measured: Measured, start: int, end: int) -> float:
    """How many requests were in progress from `start` to before `end`, on average (Little's law)."""
    busy = sum(entry["latency"]["total"] for entry in measured.answers if start <= entry["minute"] < end)
    return float(busy) / 1_000 / (end - start)


class TargetUtilisation:
    """Changes the number of instances of deployments that have a target."""

    def __init__(self, service: ResourceManager) -> None:
        self._service = service

    def deployments(self) -> list[tuple[Record, Target]]:
        """The deployments that have one."""
        found = self._service.store.under("", DEPLOYMENT)
        return [(record, target) for record in found if (target := target_of(record))]

    def active(self) -> bool:
        """Whether there is such a deployment."""
        return bool(self.deployments())

    async def look(self, now: int, measurements: Measurements) -> None:
        """Look at each deployment at the minute `now`, unix seconds."""
        for record, target in self.deployments():
            if record.state in BUSY:
                continue
            measured = await measurements.of(resource_id(record.id.text), now - WINDOW)
            count = int(section(record.body, "sku").get("capacity", 1))
            wanted = target.wanted(in_progress(measured, now - WINDOW, now))
            if wanted == count:
                continue
            change = f"{record.id.name}: {count} to {wanted} instances, {target.percent} percent utilisation"
            try:
                await scale_to(self._service, record.id, wanted)
            except ArmError as refused:
                log.warning("%s; refused: %s", change, refused.message)
            else:
                log.warning("%s", change)
