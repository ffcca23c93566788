"""What is done to a local Azure while clients ask it, and what must be true afterwards."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from random import Random

import psutil

from azml.cli.failure import CommandError
from tests.fixtures.waiting import eventually
from tests.soak.azure import NAMES, SoakedAzure
from tests.soak.damages import DAMAGES
from tests.soak.figures import Figures
from tests.soak.hostile import requests, status_of
from tests.soak.load import Load

SHIFTS = 6
"""Traffic shifts of one round."""
BETWEEN = 15
"""Answers between two shifts."""
BACK_LIMIT = 60.0
"""Seconds after which what was killed has not come back."""


@dataclass(frozen=True)
class Field:
    """Where the attacks happen."""

    azure: SoakedAzure
    load: Load
    figures: Figures
    random: Random


Attack = Callable[[Field], None]


def shift(field: Field) -> None:
    """Move the traffic to and fro."""
    for _ in range(SHIFTS):
        share = field.random.choice([0, 100, field.random.randrange(1, 100)])
        shares = {"blue": share, "green": 100 - share}
        field.load.shares = None
        field.azure.share_out(shares)
        field.load.shares = shares
        field.figures.count("traffic shifts")
        _until_answered(field.load, field.load.answered + BETWEEN)


def kill_server(field: Field) -> None:
    """The server of one deployment, with its worker."""
    victim = field.random.choice(field.azure.servers())
    _killed(field, victim, "recovery of a scoring process")


def kill_worker(field: Field) -> None:
    """The worker of one deployment's server."""
    victim = field.random.choice([one for server in field.azure.servers() for one in server.children()])
    _killed(field, victim, "recovery of a worker")


def kill_router(field: Field) -> None:
    """The router: new connections wait for the next one."""
    _killed(field, field.azure.processes("emulator.router")[-1], "recovery of the router")


def kill_control(field: Field) -> None:
    """The control plane, which no prediction needs: not one may be cut."""
    # Its tether runs before it with the same words: the control plane itself is the last of them.
    victim = field.azure.processes("azml.emulator.control")[-1]
    _killed(field, victim, "recovery of the control plane", cuts=False)


def kill_all(field: Field) -> None:
    """The supervisor, by which everything ends; then a start."""
    with field.load.rough():
        left = field.azure.kill_supervisor()
        field.figures.count("processes and folders left behind", str(left), len(left))
        field.figures.count("kills")
        _start(field)


def damage(field: Field) -> None:
    """Stop it, damage a file, start it."""
    name = field.random.choice(list(DAMAGES))
    with field.load.rough():
        field.azure.stop()
        DAMAGES[name](field.azure.folder)
        field.figures.count("damages")
        _start(field)


def insult(field: Field) -> None:
    """Send every hostile request."""
    for hostile in requests(field.azure, field.random):
        status = status_of(field.azure, hostile)
        field.figures.count("hostile requests")
        if status not in hostile.right:
            wanted = ", ".join(map(str, sorted(hostile.right)))
            field.figures.count(
                "hostile requests answered wrongly", f"{hostile.name}: {status} instead of {wanted}"
            )


ATTACKS: Mapping[str, Attack] = {
    attack.__name__: attack
    for attack in (shift, kill_server, kill_worker, kill_router, kill_control, kill_all, damage, insult)
}


def round_of(field: Field, names: Sequence[str], until: float = float("inf")) -> None:
    """Carry out attacks, none that would begin after `until` (monotonic clock); all must be as it was."""
    before = field.azure.inventory()
    for name in names:
        if time.monotonic() >= until:
            return
        ATTACKS[name](field)
        _require_back(field, name)
        after = field.azure.inventory()
        changed = [path for path in before | after if before.get(path) != after.get(path)]
        if name != "shift":
            field.figures.count("resources changed by a kill or a damage", f"{name}: {changed}", len(changed))
        before = after


def _killed(field: Field, victim: psutil.Process, what: str, *, cuts: bool = True) -> None:
    with field.load.rough() if cuts else nullcontext():
        began = time.monotonic()
        victim.kill()
        field.figures.count("kills")
        psutil.wait_procs([victim], timeout=5)
        eventually(field.azure.answers, BACK_LIMIT)
        _require_back(field, what)
        field.figures.took(what, time.monotonic() - began)


def _start(field: Field) -> None:
    """Start it; whatever served before serves when this returns."""
    began = time.monotonic()
    try:
        field.azure.launch()
    except CommandError as failed:
        field.figures.count("deployments that did not come back", str(failed), len(NAMES))
        raise
    field.figures.took("start until all is back", time.monotonic() - began)
    for name in NAMES:
        status = field.azure.score(b"{}", name).status
        if status != 200:
            field.figures.count("deployments not ready when the start returned", f"{name}: {status}")


def _until_answered(load: Load, enough: int) -> None:
    eventually(lambda: load.answered >= enough, BACK_LIMIT)


def _require_back(field: Field, after: str) -> None:
    """Wait until every deployment answers."""
    deadline = time.monotonic() + BACK_LIMIT
    for name in NAMES:
        while not _answers(field.azure, name):
            if time.monotonic() > deadline:
                field.figures.count("deployments that did not come back", f"{name} after {after}")
                return
            time.sleep(0.02)


def _answers(azure: SoakedAzure, name: str) -> bool:
    try:
        return azure.score(b"{}", name).status == 200
    except OSError:
        return False
