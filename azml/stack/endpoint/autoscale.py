"""The setting `scale`: how many instances a deployment has, by load and by time of day.

Limits: Microsoft.Insights/autoscaleSettings 2021-05-01-preview, and the limits page of Azure Machine Learning
online endpoints.
"""

import re
from dataclasses import dataclass

from azml import rules
from azml.findings import Finding, did_you_mean
from azml.specs import DeploymentSpec
from azml.stack.endpoint.time_zones import TIME_ZONES
from azml.stack.sections.faults import Faults
from azml.stack.sections.section import Section, describe

SLOT_KEYS = ("file", "scale")
"""The keys of a slot that are the stack's own; all others replace those of its deployment file."""
SHAPE = "{min: 1, max: 5, cpu: 70}"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_TIMES = 19
"""Times of a schedule: a setting has at most 20 profiles, each time takes two, and the default is one."""
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class Time:
    """Instances from `start` to `end`, each an hour and a minute, on some days of the week."""

    name: str
    days: tuple[str, ...]
    start: tuple[int, int]
    end: tuple[int, int]
    time_zone: str
    minimum: int
    maximum: int


@dataclass(frozen=True)
class Scale:
    """From `minimum` to `maximum` instances.

    `step` more when one of the metrics was above its limit over `minutes`: `cpu` in percent, `latency` in ms
    (95 of 100 requests), `requests` a minute for each instance. `step` fewer when the CPU was below
    `cpu_below`. After a change, the next one waits for `cooldown` minutes. `times` have limits of their own.
    """

    minimum: int
    maximum: int
    cpu: int | None = None
    latency: float | None = None
    requests: float | None = None
    cpu_below: int = 30
    step: int = 1
    minutes: int = 5
    cooldown: int = 5
    times: tuple[Time, ...] = ()

    @property
    def by_load(self) -> bool:
        """Whether a metric decides, and not the time alone."""
        return any(limit is not None for limit in (self.cpu, self.latency, self.requests))

    @property
    def most(self) -> int:
        """The most instances at any time."""
        return max(self.maximum, *(one.maximum for one in self.times)) if self.times else self.maximum


def read_scale(section: Section) -> Scale | None:
    """The scaling of an endpoint's deployments or of one slot; None without it, and for false."""
    node = section.get("scale")
    if node is None or node.value is False:
        return None
    before = len(section.findings)
    own = section.section("scale", f"{SHAPE}, or false")
    if not node.is_table:
        return None
    low, high = _limits(own)
    cpu, latency = own.integer("cpu", 1, 100), own.number("latency", 0, 300_000)
    requests = own.number("requests", 0, 1_000_000)
    times = _times(own)
    if cpu is None and latency is None and requests is None and not times:
        cpu = 70
    scale = Scale(
        low or 1,
        high or 1,
        cpu,
        latency,
        requests,
        _or(own.integer("cpu_below", 1, 100), 30),
        _or(own.integer("step", 1, rules.MOST_INSTANCES), 1),
        _or(own.integer("minutes", 5, 720), 5),
        _or(own.integer("cooldown", 1, 10_080), 5),
        times,
    )
    if cpu is not None and scale.cpu_below >= cpu:
        own.fault("cpu_below", f"{scale.cpu_below} is not below cpu, {cpu}", "instances would come and go")
    own.finish()
    return scale if len(own.findings) == before else None


def check_scale(scale: Scale, spec: DeploymentSpec, key: str, faults: Faults) -> None:
    """Report a deployment that Azure Monitor cannot scale, or with a fixed count; `key` is the setting's."""
    if spec.kind == "kubernetes":
        remedy = "write scale_settings: {type: target_utilization} into the deployment file"
        faults.add(key, "is for managed deployments", remedy)
    if spec.instance_count is not None:
        message = f"fixes the number of instances at {spec.instance_count}, beside scale:"
        remedy = f"remove it, or scale: (which begins with {scale.minimum})"
        faults.extend([Finding(message, remedy, *spec.place("instance_count"))])


def check_count(spec: DeploymentSpec, faults: Faults) -> None:
    """Azure ML's limit, and a number beside scaling by utilisation: its loader checks neither."""
    scaling = spec.scale_settings
    if spec.instance_count is not None and scaling and scaling.type == "target_utilization":
        message = f"fixes the number of instances at {spec.instance_count}, beside target_utilization"
        faults.extend([Finding(message, "remove it, or scale_settings", *spec.place("instance_count"))])
    if spec.instance_count is not None and spec.instance_count > rules.MOST_INSTANCES:
        message, remedy = f"{spec.instance_count} instances", f"Azure has at most {rules.MOST_INSTANCES}"
        faults.extend([Finding(message, remedy, *spec.place("instance_count"))])


def _limits(own: Section) -> tuple[int | None, int | None]:
    """The fewest and the most instances. Both are needed: nobody should learn of a maximum from the bill."""
    why = ": a deployment has at most 50 instances"
    for key in ("min", "max"):
        if own.get(key) is None:
            own.fault(key, "is missing", "write a number of instances")
    low = own.integer("min", 1, rules.MOST_INSTANCES, why)
    high = own.integer("max", 1, rules.MOST_INSTANCES, why)
    if low is not None and high is not None and low > high:
        own.fault("min", f"{low} is more than max, {high}", "swap them")
    return low, high


def _times(own: Section) -> tuple[Time, ...]:
    node = own.get("schedule")
    entries = own.expect(node, dict, "a mapping of names to times, as {office: {from: '08:00', to: '18:00'}}")
    if not entries:
        return ()
    section = own.section("schedule", "{office: {from: '08:00', to: '18:00'}}")
    if len(entries) * 2 > MOST_TIMES:
        message = f"has {len(entries)} times"
        own.fault("schedule", message, f"Azure takes at most {MOST_TIMES // 2}")
    return tuple(time for name in entries if (time := _time(section, name)))


def _time(section: Section, name: str) -> Time | None:
    own = section.section(name, "{from: '08:00', to: '18:00', min: 3, max: 10}")
    before = len(own.findings)
    low, high = _limits(own)
    start, end = _clock(own, "from"), _clock(own, "to")
    if start is not None and end is not None and start >= end:
        own.fault("to", "is not later than from:", "end on the same day; write two times across midnight")
    days = tuple(own.names("days")) or DAYS[:5]
    for place, day in enumerate(days):
        if day not in DAYS:
            own.fault(f"days[{place}]", f"{day!r} is not a day", did_you_mean(day, DAYS))
    zone = own.text("time_zone") or "UTC"
    if zone not in TIME_ZONES:
        own.fault("time_zone", f"{zone!r} is not a time zone of Windows", did_you_mean(zone, TIME_ZONES))
    own.finish()
    if len(own.findings) > before or start is None or end is None:
        return None
    return Time(name, days, start, end, zone, low or 1, high or 1)


def _clock(own: Section, key: str) -> tuple[int, int] | None:
    node = own.get(key)
    if node is None:
        own.fault(key, "is missing", "write a time of day in quotes, as '08:00'")
        return None
    value = node.value
    matched = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if matched is None:
        own.fault(key, f"is {describe(node.plain())}", "write a time of day in quotes, as '08:00'")
        return None
    return int(matched[1]), int(matched[2])


def _or(value: int | None, default: int) -> int:
    return default if value is None else value
