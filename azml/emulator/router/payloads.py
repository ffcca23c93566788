"""Collects payloads that pass through the router: copies go to a writing thread, and nothing waits."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from azml.emulator.contract.collected import PAYLOADS
from azml.emulator.contract.frames import Frame
from azml.emulator.contract.routing_table import RoutedDeployment
from azml.emulator.contract.spool import Spool
from azml.emulator.router import rules
from azml.emulator.router.message import Headers, Request

_NEVER = frozenset({"authorization", "proxy-authorization", "cookie"})


@dataclass
class Sampled:
    """One collected prediction: its deployment, and the parts of its answer so far."""

    payloads: tuple[str, ...]
    answer: list[bytes] = field(default_factory=list)


class PayloadCollector:
    """Decides what is collected, and passes it to the spool."""

    def __init__(self, spool: Spool, random: Random) -> None:
        self._spool = spool
        self._random = random

    def draw(self, deployment: RoutedDeployment) -> Sampled | None:
        """Whether this prediction is collected. One draw for both payloads: they belong together."""
        if not deployment.collect:
            return None
        drawn = self._random.random()
        payloads = tuple(name for name in PAYLOADS if drawn < deployment.collect.get(name, 0.0))
        return Sampled(payloads) if payloads else None

    def keep(
        self,
        sampled: Sampled,
        deployment: RoutedDeployment,
        request: Request,
        target: bytes,
        headers: Headers,
    ) -> None:
        """Pass on the request, and the model's answer with these headers."""
        now = time.time()
        ids = {"correlationid": _correlation(request), "xrequestid": request.id}
        if "request" in sampled.payloads:
            attributes = {
                "path": target.decode("latin-1"),
                "method": request.method,
                **ids,
                **_captured(request, deployment.capture_headers),
            }
            asked = request.header(b"content-type") or ""
            self._put(deployment, "request", now, asked, bytes(request.body), attributes)
        if "response" in sampled.payloads:
            kind = next((value for name, value in headers if name.lower() == b"content-type"), b"")
            body = b"".join(sampled.answer)
            self._put(deployment, "response", now, kind.decode("latin-1"), body, ids)

    def _put(
        self,
        deployment: RoutedDeployment,
        collection: str,
        now: float,
        kind: str,
        body: bytes,
        attributes: Mapping[str, str],
    ) -> None:
        name = rules.new_id(self._random.getrandbits)
        self._spool.put(Frame(deployment.key, collection, name, now, kind, body, dict(attributes)))


def _correlation(request: Request) -> str:
    return request.client_id or request.id


def _captured(request: Request, names: tuple[str, ...]) -> dict[str, str]:
    wanted = [name.lower() for name in names if name.lower() not in _NEVER]
    found = {name: request.header(name.encode("latin-1", "replace")) for name in wanted}
    return {name: value for name, value in found.items() if value is not None}
