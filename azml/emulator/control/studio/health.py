"""An endpoint's health, derived from its deployments: a word for a colour, and a text for the reader."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

BROKEN = ("Failed", "Canceled")
Level = Literal["good", "busy", "warn", "bad", "idle"]


@dataclass(frozen=True)
class Health:
    """A word and a text. An `idle` endpoint has no traffic to serve, though nothing is wrong with it."""

    level: Level
    words: str


@dataclass(frozen=True)
class SlotState:
    """The state of one deployment. `state` is Azure's, `running` that of its processes; `ready` of
    `instances` answer; `traffic` is percent."""

    name: str
    state: str
    running: str
    ready: int
    instances: int
    traffic: int


def endpoint_health(state: str, deployments: Sequence[SlotState], firing: Sequence[str] = ()) -> Health:
    """The health of an endpoint in a provisioning state, with these deployments and these firing alerts."""
    if state in BROKEN:
        return Health("bad", f"The endpoint is {state}")
    if state == "Deleting":
        return Health("busy", state)
    live = [one for one in deployments if one.traffic]
    health = _serving(live, deployments) if live else _without_traffic(deployments)
    if firing and health.level in ("good", "idle", "busy"):
        return Health("warn", f"{'Alert' if len(firing) == 1 else f'{len(firing)} alerts'}: {firing[0]}")
    # A traffic change is a running write too: it must not hide a fault.
    return Health("busy", state) if state != "Succeeded" and health.level in ("good", "idle") else health


def _serving(live: Sequence[SlotState], deployments: Sequence[SlotState]) -> Health:
    silent = [one for one in live if not one.ready]
    if dead := [one for one in silent if _broken(one)]:
        return Health(
            "bad", f"{_names(dead)} failed and gets {sum(one.traffic for one in dead)} % of requests"
        )
    if silent:
        return Health("busy", f"{_names(silent)} {_be(silent)} starting")
    if old := [one for one in live if _broken(one)]:
        return Health("warn", f"The update of {_names(old)} failed")
    if few := [one for one in live if one.ready < one.instances]:
        return Health("warn", f"{few[0].name}: {few[0].ready} of {few[0].instances} instances")
    if broken := [one for one in deployments if _broken(one)]:
        return Health("warn", f"Serving; {_names(broken)} failed")
    if busy := [one for one in deployments if one.state != "Succeeded"]:
        return Health("busy", f"Serving; {busy[0].name} is {busy[0].state}")
    return Health("good", "Serving")


def _without_traffic(deployments: Sequence[SlotState]) -> Health:
    if not deployments:
        return Health("idle", "No deployment")
    broken = [one for one in deployments if _broken(one)]
    if len(broken) == len(deployments):
        return Health("bad", f"{_names(broken)} failed")
    if busy := [one for one in deployments if one.state not in ("Succeeded", *BROKEN)]:
        return Health("busy", f"{busy[0].name} is {busy[0].state}")
    return Health("warn", f"No traffic; {_names(broken)} failed") if broken else Health("idle", "No traffic")


def _broken(one: SlotState) -> bool:
    return one.state in BROKEN or one.running == "failed"


def _names(deployments: Iterable[SlotState]) -> str:
    return ", ".join(one.name for one in deployments)


def _be(deployments: Sequence[SlotState]) -> str:
    return "is" if len(deployments) == 1 else "are"
