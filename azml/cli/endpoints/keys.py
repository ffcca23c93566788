"""The two keys of an endpoint: read, verified by a request, and regenerated."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from azml.azure.endpoints import API_VERSION
from azml.cli.endpoints import scoring
from azml.cli.endpoints.endpoints import CONFIRM_SECONDS, OnlineEndpoint
from azml.cli.endpoints.scoring import Refused, Request
from azml.cli.failure import CommandError, InputError
from azml.cli.stacks.stacks import Connection

_NOT_YET = frozenset({401, 403})
"""What an endpoint answers to a key that it does not accept, or not yet."""


class Which(Enum):
    """One of the two keys, by Azure's name of it (`keyType` of regenerateKeys, API 2025-12-01)."""

    PRIMARY = "Primary"
    SECONDARY = "Secondary"

    def __str__(self) -> str:
        return self.value.lower()


@dataclass(frozen=True)
class Keys:
    """Both keys, which no text about this record contains."""

    primary: str = field(repr=False)
    secondary: str = field(repr=False)

    def of(self, which: Which) -> str:
        """The key with that name."""
        return self.primary if which is Which.PRIMARY else self.secondary


@dataclass(frozen=True)
class EndpointKeys:
    """The keys of one endpoint, and the request that shows that a key is accepted."""

    connection: Connection
    endpoint: OnlineEndpoint
    request: Request

    def read(self) -> Keys:
        """Both keys, as Azure has them now."""
        return read(self.connection, self.endpoint)

    def verify(self, which: Which, key: str) -> None:
        """Send the request with the key. Raises CommandError when the answer is no prediction.

        A new key may take a while to reach every server of an endpoint, so a refusal is repeated for a
        minute.
        """
        asked = _answering(self.endpoint)

        def send() -> None:
            scoring.send(self.endpoint.name, self.endpoint.scoring_uri, key, asked, self.request)

        try:
            self._retried(send)
        except Refused as refused:
            raise CommandError(
                f"a request to {self.endpoint.name} with the {which} key failed: {refused.message}",
                refused.remedy or "the request must be one that the model answers: choose it with --file",
            ) from refused

    def regenerate(self, which: Which) -> Keys:
        """Have Azure make a new key; returns both keys. Raises CommandError when it stays the same."""
        before = self.read().of(which)
        self.connection.arm.post(f"{self.endpoint.id}/regenerateKeys", API_VERSION, {"keyType": which.value})
        deadline = time.monotonic() + CONFIRM_SECONDS
        while (after := self.read()).of(which) == before:
            if time.monotonic() >= deadline:
                raise CommandError(f"Azure has accepted a new {which} key, and a minute later it is the old")
            self._pause()
        return after

    def _retried(self, send: Callable[[], None]) -> None:
        deadline = time.monotonic() + CONFIRM_SECONDS
        while True:
            try:
                return send()
            except Refused as refused:
                if refused.status not in _NOT_YET or time.monotonic() >= deadline:
                    raise
            self._pause()

    def _pause(self) -> None:
        self.connection.arm.pause(0.1 if self.connection.stack.local else 2.0)


def read(connection: Connection, endpoint: OnlineEndpoint) -> Keys:
    """Both keys of an endpoint. Raises InputError when its authentication mode has none."""
    if endpoint.auth_mode.lower() != "key":
        raise InputError(
            f"endpoint {endpoint.name} has no keys: its authentication mode is {endpoint.auth_mode}",
            "its tokens expire by themselves; nothing has to be rotated",
        )
    found: Mapping[str, str] = connection.arm.post(f"{endpoint.id}/listKeys", API_VERSION)
    return Keys(found["primaryKey"], found["secondaryKey"])


def _answering(endpoint: OnlineEndpoint) -> str | None:
    """None where the traffic decides who answers, else a deployment that is up."""
    if endpoint.traffic:
        return None
    for one in endpoint.deployments:
        if one.state == "Succeeded":
            return one.name
    raise CommandError(
        f"no deployment of endpoint {endpoint.name} answers, so a key cannot be verified",
        "see: azml status",
    )
