"""Questions to the router and its answers stay together, whoever stops waiting."""

import asyncio
import contextlib
import json
import socket

from azml.emulator.contract.routing_table import RoutingTable
from azml.emulator.supervisor.serving.router_client import RouterClient


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
