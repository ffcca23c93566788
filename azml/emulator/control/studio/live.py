"""One stream of server-sent events for each open page: every second, what changed since the last look.

The next look begins when the client has received the previous one: slow readers miss states in between, and
no queue grows. A stream ends with its session, and when the local Azure stops.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from starlette.responses import StreamingResponse

from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.arm.json import Json
from azml.emulator.control.dataplane_client import DataplaneError

PERIOD = 1.0
"""Seconds between two looks."""
STREAM_LIMIT = 32
"""Streams at once. A browser has at most six to a server over HTTP/1.1: this is enough for several."""
KEEP_ALIVE_LOOKS = 5
"""Looks without news after which a comment shows that the connection is still open."""
Look = Callable[[], Awaitable[Mapping[str, Json]]]
"""One look: events by name. Those that have not changed since the last look are not sent again."""


class Live:
    """The open streams."""

    def __init__(self) -> None:
        self._ending = asyncio.Event()
        self._open = 0

    def end(self) -> None:
        """End every stream: the server is stopping, and waits for its answers to end."""
        self._ending.set()

    def stream(self, look: Look, admitted: Callable[[], bool]) -> StreamingResponse:
        """A stream of what `look` finds, as long as its reader is admitted. Raises ArmError 429."""
        if self._open >= STREAM_LIMIT:
            message = f"{STREAM_LIMIT} pages of the studio are open: close one of them."
            raise ArmError(429, "TooManyPages", message)
        return StreamingResponse(self._events(look, admitted), media_type="text/event-stream")

    async def _events(self, look: Look, admitted: Callable[[], bool]) -> AsyncIterator[str]:
        self._open += 1
        sent: dict[str, str] = {}
        quiet = 0
        try:
            while admitted() and not self._ending.is_set():
                news = _news(await _found(look), sent)
                quiet = 0 if news else quiet + 1
                if news or quiet % KEEP_ALIVE_LOOKS == 0:
                    yield news or ": as before\n\n"
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ending.wait(), PERIOD)
        finally:
            self._open -= 1


def _news(found: Mapping[str, Json], sent: dict[str, str]) -> str:
    news = ""
    for name, content in found.items():
        text = json.dumps(content, separators=(",", ":"))
        if sent.get(name) != text:
            sent[name] = text
            news += f"event: {name}\ndata: {text}\n\n"
    return news


async def _found(look: Look) -> Mapping[str, Json]:
    """The result of a look, or its error: the next look may succeed."""
    try:
        return {**await look(), "trouble": {}}
    except ArmError as error:
        return {"trouble": {"status": error.status, "message": error.message}}
    except DataplaneError as error:
        return {"trouble": {"status": 503, "message": str(error)}}
