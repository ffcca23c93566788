"""`azml logs`: the log of a deployment."""

import contextlib
import time
from functools import partial
from typing import Annotated, Literal

import typer

from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION
from azml.cli.clone import find_clone
from azml.cli.endpoints import endpoints
from azml.cli.options import EndpointArgument, SlotArgument, StackOption
from azml.cli.stacks import names, stacks

PERIOD = 1.0
"""Seconds between two reads of a log that is followed."""
Container = Literal["inference-server", "storage-initializer"]
CONTAINERS = {"inference-server": "InferenceServer", "storage-initializer": "StorageInitializer"}
"""Azure's names for the containers (REST reference of online deployments, getLogs)."""
FOLLOWED_TAIL = 5_000
"""Lines requested by each read; a log that grows by more between two reads loses lines."""


def logs(
    endpoint: EndpointArgument,
    slot: SlotArgument,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new lines.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="Lines from the end.")] = 200,
    container: Annotated[
        Container, typer.Option(help="The model's server, or the container that fetched its files.")
    ] = "inference-server",
    stack: StackOption = None,
) -> None:
    """Print the log of a deployment."""
    chosen = stacks.choose(find_clone(), stack)
    connection = stacks.connect(chosen)
    found = endpoints.read(connection, names.in_azure(chosen.file, endpoint))
    place = f"{found.id}/deployments/{found.deployment(slot).name}"
    read = partial(tail, connection.arm, place, container)
    seen = read(FOLLOWED_TAIL if follow else lines)
    _print(seen[-lines:])
    # An interrupt is the normal way to end following, so it is not reported.
    with contextlib.suppress(KeyboardInterrupt):
        while follow:
            time.sleep(PERIOD)
            now = read(FOLLOWED_TAIL)
            _print(added(seen, now))
            seen = now


def tail(arm: Arm, deployment: str, container: Container, lines: int) -> list[str]:
    """The last lines of the log of a deployment, named by its ARM id."""
    asked = {"containerType": CONTAINERS[container], "tail": lines}
    answer = arm.post(f"{deployment}/getLogs", API_VERSION, asked)
    return str(answer.get("content") or "").splitlines()


def added(seen: list[str], now: list[str]) -> list[str]:
    """The lines of `now` that come after `seen`, when both are the end of one growing log.

    Where nothing overlaps, the log was replaced or grew by more than was read: all of it is new.
    """
    for overlap in range(min(len(seen), len(now)), 0, -1):
        if seen[-overlap:] == now[:overlap]:
            return now[overlap:]
    return now


def _print(lines: list[str]) -> None:
    for line in lines:
        typer.echo(line)
