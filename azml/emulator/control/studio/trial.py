"""Requests of the test tab: sent to the endpoint as any client would, over https to the router."""

import base64
import codecs
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiohttp

LONGEST_SECONDS = 330.0  # a Kubernetes deployment may take 300 s
SHOWN_BYTES = 1 << 20
IMAGE_BYTES = 8 << 20
"""An image is shown completely or not at all."""
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp")
TEXTS = ("application/json", "application/xml", "application/javascript", "application/x-ndjson")
DEPLOYMENT_HEADER = "azureml-model-deployment"


@dataclass(frozen=True)
class Trial:
    """The answer. `deployment` answered; `shown` of the `size` bytes of its body are in `text`, or in
    `image` as base64. Other binary bodies are not shown."""

    status: int
    milliseconds: float
    deployment: str
    content_type: str
    request_id: str
    size: int
    shown: int
    text: str
    image: str


class Scoring:
    """A client of the scoring address that trusts the local Azure's own authority."""

    def __init__(self, authority: Path) -> None:
        self._authority = authority
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, uri: str, headers: Mapping[str, str], body: bytes) -> Trial:
        """Send one request. Raises OSError or ValueError without an answer."""
        from aiohttp import ClientError  # slow to import, and most local Azures are asked nothing here

        client = self._client()
        began = time.perf_counter()
        try:
            async with client.post(uri, data=body, headers=headers) as answer:
                limit = IMAGE_BYTES if answer.content_type in IMAGES else SHOWN_BYTES
                size, beginning = await _taken_in(answer.content, limit)
                took = (time.perf_counter() - began) * 1000
        except ClientError as error:
            raise ConnectionError(str(error)) from error
        image, text = _shown(answer.content_type, beginning, size)
        return Trial(
            status=answer.status,
            milliseconds=took,
            deployment=answer.headers.get(DEPLOYMENT_HEADER, ""),
            content_type=answer.content_type,
            request_id=answer.headers.get("x-request-id", ""),
            size=size,
            shown=len(beginning) if text is not None or image else 0,
            text=text or "",
            image=image,
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()

    def _client(self) -> "aiohttp.ClientSession":
        import aiohttp

        if self._session is None:
            context = ssl.create_default_context(cafile=str(self._authority))
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=context),
                timeout=aiohttp.ClientTimeout(total=LONGEST_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


async def _taken_in(body: "aiohttp.StreamReader", limit: int) -> tuple[int, bytes]:
    """How many bytes arrived, and those to show: an answer may be larger than memory."""
    size, beginning = 0, bytearray()
    async for chunk in body.iter_any():
        size += len(chunk)
        beginning += chunk[: limit - len(beginning)]
    return size, bytes(beginning)


def _shown(content_type: str, beginning: bytes, size: int) -> tuple[str, str | None]:
    """The text to show, or an image in base64; for anything else, no text."""
    if content_type in IMAGES and size == len(beginning):
        return base64.b64encode(beginning).decode(), None
    if content_type.startswith("text/") or content_type in TEXTS or content_type.endswith(("+json", "+xml")):
        return "", beginning.decode("utf-8", "replace")
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(beginning, final=size == len(beginning))
    except UnicodeDecodeError:
        return "", None
    return "", None if "\0" in text else text
