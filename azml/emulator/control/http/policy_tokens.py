"""An Azure Policy that wants a token with writes, on demand: the refusal, and the service that gives tokens.

Shapes: Microsoft.Authorization 2025-03-01 (`policyTokens`), and Azure/terraform-provider-azapi#1145 for that
of the refusal. A token is for one operation: its address, method and body.
"""

import json
import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from azml.emulator.control.arm.answer import Answer
from azml.emulator.control.arm.clock import Clock
from azml.emulator.control.arm.errors import ArmError, bad_request
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.pages import Page, Question
from azml.emulator.control.arm.steering import Selector

HEADER = "x-ms-policy-external-evaluations"
Tokens = Literal["given", "denied", "down"]
LIFETIME = 3_600.0  # seconds
_ACTION = "acquirePolicyToken"


@dataclass(frozen=True)
class Demand:
    """Which writes need a token, whether the service gives any, and whether it wants a change reference."""

    which: Selector
    tokens: Tokens = "given"
    change_reference: bool = False


@dataclass(frozen=True)
class Operation:
    """What a token is for: the address less its host, the method, the body as text."""

    address: tuple[str, tuple[tuple[str, str], ...]]
    method: str
    content: str


class PolicyTokens:
    """The demand there is, if any, and the tokens that were given and not used."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._demand: Demand | None = None
        self._given: dict[str, tuple[Operation, float]] = {}

    def demand(self, demand: Demand | None) -> None:
        """Want tokens from now on; with None no more."""
        self._demand = demand
        self._given.clear()

    def check(self, method: str, path: str, query: Mapping[str, str], body: Json, token: str | None) -> None:
        """Raise ArmError 403 for a write that needs a token and brings none of its own."""
        if self._demand is None or not self._demand.which.matches(method, path) or _ACTION in path:
            return
        operation, until = self._given.pop(token, (None, 0.0)) if token else (None, 0.0)
        if operation != _operation(method, path, query, body) or self._clock.wall() > until:
            raise _Refusal(self._demand)

    def pages(self) -> list[Page]:
        """Where tokens are given."""
        path = f"/subscriptions/{{subscription}}/providers/Microsoft.Authorization/{_ACTION}"
        return [Page("POST", path, self._acquire)]

    async def _acquire(self, question: Question) -> Answer:
        demand = self._demand
        asked = section(question.body, "operation")
        method, uri = asked.get("httpMethod"), asked.get("uri")
        if not isinstance(method, str) or not isinstance(uri, str):
            raise bad_request("operation needs uri and httpMethod.", "InvalidRequestContent")
        if demand and demand.tokens == "down":
            raise ArmError(503, "ServiceUnavailable", "The policy token service is not available.")
        if demand and demand.tokens == "denied":
            return Answer(200, _failed("The external evaluation denied the operation."))
        if demand and demand.change_reference and not question.body.get("changeReference"):
            return Answer(200, _failed("A change reference is required."))
        parts = urlsplit(uri)
        content = section(asked, "content")
        operation = _operation(method, parts.path, dict(parse_qsl(parts.query)), content)
        return Answer(200, self._give(operation))

    def _give(self, operation: Operation) -> Json:
        token, until = f"PoP {secrets.token_urlsafe(32)}", self._clock.wall() + LIFETIME
        self._given[token] = (operation, until)
        ends = datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return {"result": "Succeeded", "token": token, "tokenId": str(uuid.uuid4()), "expiration": ends}


class _Refusal(ArmError):
    """The 403, which says that a token is missing."""

    def __init__(self, demand: Demand) -> None:
        super().__init__(403, "RequestDisallowedByPolicy", "Resource was disallowed by policy.")
        self._reference = demand.change_reference

    def error(self) -> Json:
        details = {
            "shouldDeny": True,
            "isChangeReferenceRequired": self._reference,
            "endpointKind": "AzureResourceGraph",
            "endpointResultLifespan": "PT1H",
        }
        info = {"evaluationDetails": {"missingPolicyTokenDetails": details}}
        return {**super().error(), "additionalInfo": [{"type": "PolicyViolation", "info": info}]}


def read_demand(asked: Json, which: Selector) -> Demand:
    """A demand as the steering page is asked for it. Raises ArmError 400."""
    tokens = asked.get("tokens", "given")
    if tokens not in ("given", "denied", "down"):
        raise bad_request(f"tokens is {tokens!r}: it must be one of given, denied, down.")
    return Demand(which, tokens, bool(asked.get("change_reference", False)))


def _failed(message: str) -> Json:
    return {"result": "Failed", "message": message, "results": [{"result": "Failed", "message": message}]}


def _operation(method: str, path: str, query: Mapping[str, str], body: Json) -> Operation:
    address = re.sub(r"/+$", "", path).lower(), tuple(sorted(query.items()))
    return Operation(address, method.upper(), json.dumps(body, sort_keys=True))
