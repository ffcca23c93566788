"""Which deployment is the candidate of a rollout, and which one serves now."""

from typing import NamedTuple

from azml.cli.endpoints import endpoints
from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.cli.failure import InputError


class Slots(NamedTuple):
    """The deployments of a rollout, by name; `stable` is "" for a first deployment."""

    stable: str
    candidate: str


def choose(found: OnlineEndpoint, candidate: str | None) -> Slots:
    """The deployment with all the traffic is stable, the other one, or the one that is named, the candidate.

    Raises InputError where the traffic is spread otherwise, or the candidate is not clear; NotThereError for
    a name that no deployment has.
    """
    live, mirrored = dict(found.traffic), dict(found.mirror_traffic)
    if len(live) > 1 or mirrored:
        mirror = f", mirrored to {endpoints.shares(mirrored)}" if mirrored else ""
        raise InputError(
            f"{found.name} has {endpoints.shares(live)}{mirror}: a rollout starts where one has all",
            f"give all of it to one: azml traffic {found.name} {next(iter(live), 'SLOT')}=100; "
            f"or put it back: azml rollback {found.name}",
        )
    stable = next(iter(live), "")
    if candidate is not None:
        found.deployment(candidate)
    idle = [one.name for one in found.deployments if one.name != stable and candidate in (None, one.name)]
    if len(idle) == 1:
        return Slots(stable, idle[0])
    if candidate is not None:
        raise InputError(f"{candidate} has all the traffic already", "name an idle slot")
    if not idle:
        raise InputError(
            f"{found.name} has no idle deployment to roll out",
            f"azml release {found.name}, then pulumi up, put the new version into one",
        )
    raise InputError(
        f"{found.name} has several idle deployments", f"choose one: --slot {' or --slot '.join(idle)}"
    )
