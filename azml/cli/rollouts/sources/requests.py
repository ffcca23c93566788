"""Requests to one deployment of an endpoint, by the header that names it: for smoke, replay and health."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from azml.azure.errors import AzureError
from azml.cli.endpoints import endpoints
from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.cli.endpoints.scoring import JSON, headers
from azml.cli.stacks.stacks import Connection
from azml.rollout.driving.ports import Unavailable

OK, UNAUTHORIZED, MODEL_REFUSED, TOO_MANY = 200, 401, 424, 429
TRIES, PAUSE_SECONDS = 5, 0.2
"""How often a request is sent to a deployment that has too many: those of its users come first."""
NOBODY_THERE = (ConnectionRefusedError, socket.gaierror)
"""Why no request was sent. It says nothing of a deployment: an endpoint answers for one that is broken."""


@dataclass(frozen=True)
class Reply:
    """An answer: its status (None: none came), the seconds it took, and its document where it is JSON.

    `cut` is whether the connection broke, which a network does too: such a request is sent again.
    """

    status: int | None
    seconds: float
    document: object = None
    cut: bool = False


class Requests:
    """Sends requests to the deployments of the endpoint called `name` in Azure."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._name = name
        self._found: OnlineEndpoint | None = None
        self._bearer = ""

    def send(self, deployment: str, bodies: list[bytes]) -> list[Reply]:
        """The answers to these bodies, sent one after the other. Raises Unavailable where none can be sent.

        Azure takes one request at a time and one that waits, for an instance, where nothing else is set.
        """
        found = self._signed_in()
        replies = [self._patiently(found, deployment, body) for body in bodies]
        if any(reply.status == UNAUTHORIZED for reply in replies):
            self._found = None  # keys were rotated: the next call asks for them again
            raise Unavailable(f"{self._name} no longer takes the key it gave")
        return replies

    def send_both(self, stable: str, candidate: str, bodies: list[bytes]) -> tuple[list[Reply], list[Reply]]:
        """The answers of two deployments, which get these bodies at the same time. Raises Unavailable."""
        with ThreadPoolExecutor(2) as threads:
            old, new = threads.map(self.send, (stable, candidate), (bodies, bodies))
        return old, new

    def _signed_in(self) -> OnlineEndpoint:
        if self._found is None:
            try:
                found = endpoints.read(self._connection, self._name)
                self._bearer = endpoints.bearer(self._connection, found)
            except AzureError as failed:
                raise Unavailable(f"{self._name} gives no key for requests: {failed}") from failed
            self._found = found
        return self._found

    def _patiently(self, found: OnlineEndpoint, deployment: str, body: bytes) -> Reply:
        for _ in range(TRIES - 1):
            reply = self._one(found, deployment, body)
            if reply.status != TOO_MANY and not reply.cut:
                return reply
            self._connection.arm.pause(PAUSE_SECONDS)
        return self._one(found, deployment, body)

    def _one(self, found: OnlineEndpoint, deployment: str, body: bytes) -> Reply:
        started = time.monotonic()
        try:
            answer = self._connection.arm.http.request(
                "POST", found.scoring_uri, headers=headers(self._bearer, deployment, JSON), body=body
            )
        except AzureError as failed:
            if isinstance(failed.__cause__, NOBODY_THERE):
                raise Unavailable(f"{self._name} cannot be reached: {failed}") from failed
            cut = not isinstance(failed.__cause__, TimeoutError)
            return Reply(None, time.monotonic() - started, cut=cut)
        return Reply(answer.status, time.monotonic() - started, answer.json())


def bodies_in(folder: Path, pattern: str) -> list[bytes]:
    """The requests in the files that match: each a JSON document, or with `.jsonl` one a line.

    Raises ValueError with the file, and the line, of what is not JSON.
    """
    found: list[bytes] = []
    for path in sorted(one for one in folder.glob(pattern) if one.is_file()):
        found += _lines(path) if path.suffix == ".jsonl" else [_json(path.read_bytes(), str(path))]
    return found


def _lines(path: Path) -> Iterator[bytes]:
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if line.strip():
            yield _json(line, f"{path}:{number}")


def _json(content: bytes, where: str) -> bytes:
    try:
        json.loads(content)
    except ValueError as broken:
        raise ValueError(f"{where} is not valid JSON: {broken}") from None
    return content
