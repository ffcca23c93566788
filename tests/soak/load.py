"""Clients that ask the endpoint for predictions all the time, and judge every answer."""

import itertools
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, HTTPSConnection
from random import Random
from types import TracebackType
from urllib.parse import urlsplit

from tests.fixtures.serving_azure import HEADER
from tests.soak.azure import NAMES, SoakedAzure
from tests.soak.figures import Figures

_CUT = (502, 503)
_PAUSE = 0.05
"""Seconds after a request that was not answered: a client that asks at once would only heat the machine."""


class Load:
    """See the module. What is cut while something is being killed is counted apart."""

    def __init__(self, azure: SoakedAzure, figures: Figures, seed: int, clients: int) -> None:
        self.figures = figures
        self.shares: Mapping[str, int] | None = None
        self._azure = azure
        self._place = urlsplit(azure.scoring).path
        self._number = itertools.count()
        self._rough = 0
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask_on, args=(Random(seed + one),), daemon=True)
            for one in range(clients)
        ]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    @property
    def answered(self) -> int:
        """How many requests have been answered."""
        return self.figures.counts["requests answered"]

    @contextmanager
    def rough(self) -> Iterator[None]:
        """While requests may be cut."""
        self._rough += 1
        try:
            yield
        finally:
            self._rough += 1

    def _ask_on(self, random: Random) -> None:
        connection: HTTPSConnection | None = None
        while not self._over.is_set():
            wanted = random.choice([None, *NAMES])
            asked = {"number": next(self._number), "text": "x" * random.choice([1, 100, 20_000])}
            rough, shares = self._rough, self.shares
            try:
                connection = connection or self._azure.connect()
                status, by, body = self._ask(connection, asked, wanted)
            except (OSError, HTTPException) as cut:
                if connection:
                    connection.close()
                connection, status, by, body = None, 0, "", repr(cut).encode()
            is_rough = rough % 2 == 1 or rough != self._rough
            stable = shares if shares is self.shares else None
            if not self._judge(asked, wanted, status, by, body, is_rough, stable):
                self._over.wait(_PAUSE)
        if connection:
            connection.close()

    def _ask(self, connection: HTTPSConnection, asked: object, wanted: str | None) -> tuple[int, str, bytes]:
        headers = {"Authorization": f"Bearer {self._azure.key}", "Content-Type": "application/json"}
        headers |= {HEADER: wanted} if wanted else {}
        connection.request("POST", self._place, json.dumps(asked), headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader(HEADER) or "", answer.read()

    def _judge(
        self,
        asked: object,
        wanted: str | None,
        status: int,
        by: str,
        body: bytes,
        rough: bool,
        shares: Mapping[str, int] | None,
    ) -> bool:
        """Count one answer; whether it was good."""
        text = f"{wanted or 'by the shares'}: {status} of {by or 'the front'}: {body[:120]!r}"
        if status == 200:
            self.figures.count("requests answered")
            may = {wanted} if wanted else {name for name in NAMES if shares is None or shares[name]}
            if by not in may or json.loads(body) != {"by": by, "asked": asked}:
                self.figures.count("answers that were wrong", text)
            return True
        if rough and status in (0, *_CUT):
            self.figures.count("requests cut by a kill or a restart")
        else:
            self.figures.count(_FAULTS.get(status, "requests lost while nothing was killed"), text)
        return False


_FAULTS = {
    404: "404 for what exists",
    424: "errors blamed on a model without fault",
    401: "the right key refused",
}
