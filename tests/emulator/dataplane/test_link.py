"""Questions to the router and its answers stay together, whoever stops waiting."""

import asyncio
import contextlib
import json
import socket

from azml.emulator.dataplane.link import Link
from azml.emulator.dataplane.table import Table


async def test_the_answer_nobody_waited_for_is_not_taken_for_the_next() -> None:
    """A change that interrupts a publication must not have the router's `True` read as a count."""
    ours, theirs = socket.socketpair()
    link = Link()
    await link.attach(ours)
    reader, writer = await asyncio.open_connection(sock=theirs)
    try:
        publishing = asyncio.create_task(link.route(Table()))
        assert json.loads(await reader.readline())["do"] == "route"
        publishing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await publishing
        asking = asyncio.create_task(link.busy([]))
        writer.write(b'{"answer": true}\n')
        assert json.loads(await reader.readline())["do"] == "busy"
        writer.write(b'{"answer": 7}\n')
        assert await asking == 7
    finally:
        await link.detach()
        writer.close()
