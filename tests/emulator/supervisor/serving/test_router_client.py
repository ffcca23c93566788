"""Questions to the router and its answers stay together; it gets each table once."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from azml.emulator.base.identity import ensure_identity
from azml.emulator.base.secrets import TestSecrets
from azml.emulator.contract.deployments import DesiredEndpoint
from azml.emulator.contract.routing_table import (
    RoutedDeployment,
    RoutedEndpoint,
    RoutedInstance,
    RoutingTable,
    from_json,
)
from azml.emulator.contract.spool import Spool
from azml.emulator.supervisor.environments.environments import Environments
from azml.emulator.supervisor.serving.azure_services import AzureServices
from azml.emulator.supervisor.serving.dataplane import Dataplane
from azml.emulator.supervisor.serving.instance_files import Files
from azml.emulator.supervisor.serving.metrics_history import MetricsHistory
from azml.emulator.supervisor.serving.router_client import RouterClient

BLUE = RoutedDeployment(
    "/e/blue", "blue", 5_000, 1, (RoutedInstance("1.sock", "/run/1.sock"),), {"request": 0.5}, ("x-id",)
)
TABLE = RoutingTable((RoutedEndpoint("/e", "/e", ("key",), None, {"blue": 100}, {}, (BLUE,)),))


class Router:
    """A router that only keeps the tables that it gets."""

    def __init__(self) -> None:
        self.tables: list[RoutingTable] = []

    async def attach(self, router_client: RouterClient) -> None:
        """Serve this client until it detaches; `ended` waits for that."""
        ours, theirs = socket.socketpair()
        await router_client.attach(ours)
        self._serving = asyncio.create_task(self._serve(theirs))

    async def ended(self) -> None:
        """Wait until the client has detached."""
        await self._serving

    async def _serve(self, end: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=end)
        while line := await reader.readline():
            self.tables.append(from_json(json.loads(line)["table"]))
            writer.write(b'{"answer": true}\n')
        writer.close()
        await writer.wait_closed()


@pytest.fixture
def dataplane(tmp_path: Path) -> Iterator[Dataplane]:
    """One that serves nothing, with a client that has no router yet."""
    services = AzureServices(ensure_identity(tmp_path), tmp_path, tmp_path, Spool(tmp_path / "spool"))
    with closing(MetricsHistory(tmp_path / "metrics.db")) as history:
        yield Dataplane(
            RouterClient(),
            Environments(tmp_path),
            Files(tmp_path),
            tmp_path,
            tmp_path,
            history,
            services,
            TestSecrets(tmp_path / "secrets"),
        )


async def test_the_answer_nobody_waited_for_is_not_taken_for_the_next() -> None:
    """A change that interrupts a publication must not have the router's `True` read as a count."""
    ours, theirs = socket.socketpair()
    router_client = RouterClient()
    await router_client.attach(ours)
    reader, writer = await asyncio.open_connection(sock=theirs)
    try:
        publishing = asyncio.create_task(router_client.route(RoutingTable()))
        assert json.loads(await reader.readline())["do"] == "route"
        publishing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await publishing
        asking = asyncio.create_task(router_client.busy([]))
        writer.write(b'{"answer": true}\n')
        assert json.loads(await reader.readline())["do"] == "busy"
        writer.write(b'{"answer": 7}\n')
        assert await asking == 7
    finally:
        await router_client.detach()
        writer.close()


async def test_a_table_arrives_whole_and_only_when_it_is_new_to_the_router() -> None:
    router_client, first, second = RouterClient(), Router(), Router()
    await first.attach(router_client)
    for table in (TABLE, TABLE, RoutingTable(), TABLE):
        await router_client.route(table)
    cancelled = asyncio.create_task(router_client.route(RoutingTable()))
    await asyncio.sleep(0)
    cancelled.cancel()
    await router_client.route(TABLE)
    assert first.tables == [TABLE, RoutingTable()] * 2 + [TABLE]
    await second.attach(router_client)
    await router_client.route(TABLE)
    assert second.tables == [TABLE], "a new router knows none"
    await router_client.detach()
    await asyncio.gather(first.ended(), second.ended())


async def test_changes_at_the_same_time_are_published_together(dataplane: Dataplane) -> None:
    """A start has as many changes as endpoints, and each table lists all of them."""
    router, router_client = Router(), dataplane._router_client
    await router.attach(router_client)
    endpoints = [DesiredEndpoint(f"/{number}", f"/{number}") for number in range(25)]
    await asyncio.gather(*(dataplane.put_endpoint(one) for one in endpoints))
    assert len(router.tables) <= 2
    assert len(router.tables[-1].endpoints) == 25
    await dataplane.delete_endpoint("/0")
    assert len(router.tables[-1].endpoints) == 24, "in effect when this returns"
    await router_client.detach()
    await router.ended()
