"""The supervisor's client for its router."""

import asyncio
import json
import socket
from collections.abc import Sequence
from typing import Any

from azml.emulator.contract import routing_table
from azml.emulator.contract.answer_counts import Counted, counted_from_json

_LINE_LIMIT = 64 * 1024 * 1024


class RouterGone(Exception):
    """The router is not running; it gets the whole table when it is back."""


class RouterClient:
    """Sends the router one request at a time. Every request raises RouterGone while there is no router."""

    def __init__(self) -> None:
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._turn = asyncio.Lock()
        self._routes: routing_table.RoutingTable | None = None

    async def attach(self, end: socket.socket) -> None:
        """Connect to a new router."""
        await self.detach()
        self._streams = await asyncio.open_connection(sock=end, limit=_LINE_LIMIT)

    async def detach(self) -> None:
        """Close the connection, which ends the router."""
        if self._streams:
            self._streams[1].close()
            self._streams = self._routes = None

    async def route(self, routes: routing_table.RoutingTable) -> None:
        """Send it this table, unless it has it already. The table is in effect when this returns."""
        if routes != self._routes:
            self._routes = None  # if this is cancelled, it is not known which table the router has
            await self._ask({"do": "route", "table": routes})
            self._routes = routes

    async def busy(self, instances: Sequence[routing_table.RoutedInstance]) -> int:
        """How many requests these instances have, or may still get."""
        return int(await self._ask({"do": "busy", "instances": [one.name for one in instances]}))

    async def counted(self) -> list[Counted]:
        """What it has counted since the last call; resets the counts."""
        return [counted_from_json(one) for one in await self._ask({"do": "metrics"})]

    async def _ask(self, message: dict[str, Any]) -> Any:
        # In a task of its own: an unread answer would be taken for the answer to the next request.
        return await asyncio.shield(asyncio.create_task(self._tell(message)))

    async def _tell(self, message: dict[str, Any]) -> Any:
        async with self._turn:
            if self._streams is None:
                raise RouterGone
            reader, writer = self._streams
            try:
                writer.write(routing_table.line(message))
                await writer.drain()
                answer = await reader.readline()
            except OSError as gone:
                raise RouterGone from gone
            if not answer:
                raise RouterGone
            return json.loads(answer)["answer"]
