"""The rules of an endpoint's shares, checked before anything changes."""

from collections.abc import Mapping

from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.store import SUCCEEDED, Record

MIRROR_LIMIT = 50  # percent

Shares = dict[str, int]


def read_shares(properties: Json, name: str) -> Shares:
    """The shares in percent under `traffic` or `mirrorTraffic`. Raises ArmError 400 for an invalid one."""
    shares: Shares = {}
    for deployment, share in section(properties, name).items():
        if not 0 <= share <= 100:
            message = f"{name} of '{deployment}' is {share!r}: it must be a whole number from 0 to 100."
            raise bad_request(message, "InvalidTraffic")
        if deployment.lower() in map(str.lower, shares):
            message = f"{name} names '{deployment}' twice: names compare without regard to case."
            raise bad_request(message, "InvalidTraffic")
        shares[deployment] = int(share)
    return shares


def check_traffic(wanted: Shares, live: Shares, deployments: Mapping[str, Record]) -> None:
    """Check the live shares: their sum is 0 or 100, and only deployments that are ready have one.

    `deployments` is keyed by name in lower case. A deployment whose update is running or has failed keeps
    serving its old state, so a share that it already has may stay or shrink.
    """
    if sum(wanted.values()) not in (0, 100):
        message = f"The traffic adds up to {sum(wanted.values())}: it must be 0 or 100 in sum."
        raise bad_request(message, "InvalidTraffic")
    before = {name.lower(): share for name, share in live.items()}
    for name, share in wanted.items():
        deployment = _existing(name, "traffic", deployments)
        grows = share > before.get(name.lower(), 0)
        if grows and deployment.state != SUCCEEDED:
            raise bad_request(
                f"The deployment '{name}' is {deployment.state}: only one that succeeded takes traffic.",
                "InvalidTraffic",
            )


def check_mirror(
    mirror: Shares, wanted: Shares, deployments: Mapping[str, Record], *, kubernetes: bool
) -> None:
    """Check the mirrored share: at most half, one deployment without live traffic, managed endpoints."""
    mirrored = {name: share for name, share in mirror.items() if share}
    for name in mirror:
        _existing(name, "mirrorTraffic", deployments)
    if not mirrored:
        return
    if kubernetes:
        raise bad_request("A Kubernetes endpoint cannot mirror traffic.", "InvalidMirrorTraffic")
    if len(mirrored) > 1:
        raise bad_request("Traffic can be mirrored to one deployment only.", "InvalidMirrorTraffic")
    name, share = next(iter(mirrored.items()))
    if share > MIRROR_LIMIT:
        message = f"mirrorTraffic of '{name}' is {share}: at most {MIRROR_LIMIT} percent can be mirrored."
        raise bad_request(message, "InvalidMirrorTraffic")
    if any(other.lower() == name.lower() and live for other, live in wanted.items()):
        message = f"'{name}' has live traffic: it cannot have mirrored traffic as well."
        raise bad_request(message, "InvalidMirrorTraffic")
    if deployments[name.lower()].state != SUCCEEDED:
        message = (
            f"The deployment '{name}' is {deployments[name.lower()].state}: it takes no mirrored traffic."
        )
        raise bad_request(message, "InvalidMirrorTraffic")


def without_gone(wanted: Shares, live: Shares, deployments: Mapping[str, Record]) -> Shares:
    """The shares without the zeros of deployments that were deleted.

    Clients that read an endpoint, change it and write it back send them again.
    """
    known = {name.lower() for name in live}
    return {
        name: share
        for name, share in wanted.items()
        if share or name.lower() in deployments or name.lower() not in known
    }


def share_of(endpoint: Record, deployment: str) -> int:
    """A deployment's share of an endpoint's live and mirrored traffic, in percent, added up."""
    shares = (read_shares(endpoint.properties, name) for name in ("traffic", "mirrorTraffic"))
    return sum(
        share for group in shares for name, share in group.items() if name.lower() == deployment.lower()
    )


def _existing(name: str, where: str, deployments: Mapping[str, Record]) -> Record:
    found = deployments.get(name.lower())
    if found is None or found.state == "Deleting":
        message = f"{where} names the deployment '{name}', which does not exist on this endpoint."
        raise bad_request(message, "InvalidTraffic")
    return found
