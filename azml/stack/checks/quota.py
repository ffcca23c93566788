"""Whether a region has the sizes and the vCPUs that the stack's deployments need, found at preview.

Source: learn.microsoft.com, "Manage and increase quotas": a deployment of an online endpoint needs the vCPUs
of 20 percent more instances than it runs, except with some sizes. So a stack is stopped only where its
instances alone are too many, and warned where they are with that fifth.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from azml.azure.quotas import Limit, Size
from azml.findings import Finding
from azml.specs import DeploymentSpec
from azml.stack.config.records import Settings
from azml.stack.endpoint.scoring import Slot
from azml.stack.facts import Fact, LiveState, Quota
from azml.stack.questions import ask
from azml.stack.versions import deployment_id, endpoint_id


@dataclass(frozen=True)
class Need:
    """A managed deployment of the stack, and what there is of it now.

    It begins with `least` instances and has at most `most`. `size` and `count` are its current ones: empty
    and 0 where it does not exist or has failed.
    """

    name: str
    spec: DeploymentSpec
    least: int
    most: int
    size: str = ""
    count: int = 0

    @property
    def wanted(self) -> str:
        """The size that it should have, in lower case."""
        return (self.spec.instance_type or "").lower()

    @property
    def grows(self) -> bool:
        """Whether the stack has Azure find machines for it; between its limits, autoscaling does."""
        scaled = self.spec.instance_count is None
        return self.size != self.wanted or (not scaled and self.least > self.count)


Count = Callable[[Need], int]


@dataclass(frozen=True)
class _Share:
    """What the stack's deployments may have of one limit: `left` vCPUs, theirs of now included."""

    limit: Limit
    needs: Sequence[Need]
    sizes: Mapping[str, Size]
    left: int

    def bare(self) -> int:
        """The vCPUs that the deployments begin with."""
        return sum(need.least * self.sizes[need.wanted].vcpus for need in self.needs)

    def reserved(self, count: Count) -> int:
        """The vCPUs of a number of instances, with those that Azure keeps for upgrades."""
        return sum(self.sizes[need.wanted].reserved(count(need)) for need in self.needs)

    def finding(self, why: str, needed: int, count: Count) -> Finding:
        """Says that `needed` vCPUs are too many, at the first deployment that grows."""
        each = ", ".join(
            f"{need.name} {count(need)} x {self.sizes[need.wanted].vcpus}" for need in self.needs
        )
        limit, left = self.limit, max(self.left, 0)
        message = f"{why}: {needed} vCPUs of {limit.name!r} ({each}), and {left} are left of {limit.limit}"
        remedy = (
            f"use fewer or smaller instances, or ask for a limit of {limit.limit + needed - self.left} "
            "in Azure Machine Learning studio, under Quota"
        )
        place = next(need for need in self.needs if need.grows).spec.place("instance_type")
        return Finding(message, remedy, *place)


def needs(settings: Settings, workspace_id: str, live_state: LiveState) -> list[Need]:
    """The stack's managed deployments; on Kubernetes an instance type is a name that the cluster gives."""
    return [
        _need(f"{served.spec.name}/{slot.name}", slot, live_state.found.get(deployment_id(place, slot.name)))
        for served in settings.endpoints
        for place in [endpoint_id(workspace_id, served.spec.name)]
        for slot in served.slots
        if slot.spec.kind == "managed"
    ]


def _need(name: str, slot: Slot, fact: Fact | None) -> Need:
    least = slot.scale.minimum if slot.scale else slot.spec.instance_count or 1
    most = slot.scale.most if slot.scale else least
    if fact is None or fact.state.lower() == "failed":
        return Need(name, slot.spec, least, most)
    size, count = fact.text("instanceType").lower(), fact.capacity or 0
    if slot.scale and size == (slot.spec.instance_type or "").lower():
        least = max(least, count)  # an update leaves it as many as autoscaling has given it
    return Need(name, slot.spec, least, most, size, count)


def ask_quota(
    wanted: Sequence[Need], subscription: str, location: str, options: pulumi.InvokeOptions
) -> Quota | None:
    """What Azure says of the region. None where no deployment grows: then nothing is asked."""
    if not location or not any(need.grows for need in wanted):
        return None
    sizes = sorted({size for need in wanted for size in (need.wanted, need.size) if size})
    return _quota(
        location, ask("quota", {"subscription": subscription, "location": location, "sizes": sizes}, options)
    )


def _quota(location: str, body: Mapping[str, Any]) -> Quota:
    # The engine makes every number a float.
    sizes = {
        name: Size(one["family"], int(one["vcpus"]), one["online"]) for name, one in body["sizes"].items()
    }
    limits = (
        Limit(one["name"], one["family"], int(one["used"]), int(one["limit"])) for one in body["limits"]
    )
    return Quota(location, sizes, tuple(limits), body.get("unread") or "")


def refused_by_quota(wanted: Sequence[Need], quota: Quota) -> Iterator[Finding]:
    """A finding for each limit that cannot hold the instances which the deployments begin with."""
    for share in _shares(wanted, quota):
        if share.bare() > share.left:
            yield share.finding(f"needs more than the quota in {quota.location}", share.bare(), _least)


def doubted_by_quota(wanted: Sequence[Need], quota: Quota) -> Iterator[Finding]:
    """What Azure may refuse: sizes that it does not list, and limits that cannot hold what it reserves."""
    for need in wanted:
        if need.grows:
            yield from _size(need, quota)
    for share in _shares(wanted, quota):
        if share.bare() > share.left:
            continue
        if share.reserved(_least) > share.left:
            why = f"may need more than the quota in {quota.location}, with the fifth that Azure reserves"
            yield share.finding(why, share.reserved(_least), _least)
        elif share.reserved(_most) > share.left:
            why = f"cannot scale to its maximum within the quota in {quota.location}"
            yield share.finding(why, share.reserved(_most), _most)


def _size(need: Need, quota: Quota) -> Iterator[Finding]:
    size, place = quota.sizes.get(need.wanted), need.spec.place("instance_type")
    if quota.unread or (size and size.online):
        return
    what = "does not list this size for online endpoints" if size else "does not list this size"
    message = f"{need.spec.instance_type}: {quota.location} {what}"
    remedy = (
        "if Azure refuses it, take another size or region: az ml compute list-sizes --location "
        + quota.location
    )
    yield Finding(message, remedy, *place)


def _shares(wanted: Sequence[Need], quota: Quota) -> Iterator[_Share]:
    """What the deployments may have of each limit that some of them grow under."""
    for limit in quota.limits:
        here = [need for need in wanted if _under(need.wanted, limit, quota)]
        held = sum(
            quota.sizes[need.size].reserved(need.count) for need in wanted if _under(need.size, limit, quota)
        )
        if any(need.grows for need in here):
            yield _Share(limit, here, quota.sizes, limit.limit - max(limit.used - held, 0))


def _under(name: str, limit: Limit, quota: Quota) -> bool:
    size = quota.sizes.get(name)
    return size is not None and limit.family in ("", size.family)


def _least(need: Need) -> int:
    return need.least


def _most(need: Need) -> int:
    return need.most
