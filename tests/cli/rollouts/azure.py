"""An Azure in memory, for what rollouts ask of it: endpoints, metrics, blobs. No process, no network."""

import json
from collections.abc import Callable, Mapping
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from azml.azure.arm import Arm
from azml.azure.cloud import Cloud
from azml.azure.http import Http, Response
from azml.azure.settings import AzureSettings
from azml.cli.clone import Clone
from azml.cli.stacks.stacks import Connection, Stack, WorkspaceName

HERE = "https://127.0.0.1:1"
CLOUD = Cloud("local", HERE, HERE, "localhost")
WORKSPACE = WorkspaceName("s", "rg", "ws")
ENDPOINT = f"{WORKSPACE.id}/onlineEndpoints/echo"
Answer = Callable[[str, Mapping[str, str], bytes | None], Response]


class Tokens:
    """One token for everything."""

    def token(self, scope: str) -> str:
        return f"token for {scope}"


class Wire(Http):
    """Answers requests by method and path, and notes them."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, Answer] = {}
        self.seen: list[tuple[str, str, bytes | None]] = []

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> Response:
        path = urlsplit(url).path
        self.seen.append((method, path, body))
        answer = self.answers.get(f"{method} {path}")
        return answer(url, headers or {}, body) if answer else Response(404, {}, b"{}", url)

    def tell(self, place: str, document: object, status: int = 200) -> None:
        """Answer a method and path with JSON."""
        self.answers[place] = lambda url, headers, body: Response(
            status, {}, json.dumps(document).encode(), url
        )


class Blobs:
    """A container whose blobs obey conditions as Azure's do."""

    def __init__(self, wire: Wire, path: str) -> None:
        self.held: dict[str, tuple[bytes, str]] = {}
        self.clock = 1_700_000_000.0
        self.written = 0
        self.wire, self._path = wire, path

    def serve(self, name: str) -> None:
        """Answer requests to this blob."""
        self.wire.answers[f"GET {self._path}/{name}"] = lambda url, headers, body: self._get(name)
        self.wire.answers[f"PUT {self._path}/{name}"] = lambda url, headers, body: self._put(
            name, headers, body or b""
        )

    def _get(self, name: str) -> Response:
        if name not in self.held:
            return Response(404, {"x-ms-error-code": "BlobNotFound", **self._date()})
        data, etag = self.held[name]
        return Response(200, {"etag": etag, **self._date()}, data)

    def _put(self, name: str, headers: Mapping[str, str], body: bytes) -> Response:
        there = self.held.get(name)
        if there and headers.get("If-None-Match") == "*":
            return Response(409, {"x-ms-error-code": "BlobAlreadyExists", **self._date()})
        if "If-Match" in headers and (there is None or headers["If-Match"] != there[1]):
            return Response(412, {"x-ms-error-code": "ConditionNotMet", **self._date()})
        self.written += 1
        self.held[name] = (body, f'"{self.written}"')
        return Response(201, {"etag": self.held[name][1], **self._date()})

    def _date(self) -> dict[str, str]:
        return {"date": formatdate(self.clock, usegmt=True)}


def connection(wire: Wire, root: Path = Path("/nowhere")) -> Connection:
    """A connection over this wire."""
    settings = AzureSettings()
    arm = Arm(settings, cloud=CLOUD, tokens=Tokens(), http=wire)
    return Connection(Stack(Clone(root), "dev"), WORKSPACE, arm, settings)


def endpoint(
    wire: Wire,
    traffic: Mapping[str, int],
    deployments: Mapping[str, Mapping[str, Any]],
    mirror: Mapping[str, int] | None = None,
    state: str = "Succeeded",
) -> None:
    """Answer reads of the endpoint `echo` and its deployments; `deployments` have members of their bodies."""
    properties = {
        "traffic": dict(traffic),
        "mirrorTraffic": dict(mirror or {}),
        "provisioningState": state,
        "authMode": "Key",
        "scoringUri": f"{HERE}/score",
    }
    wire.tell(f"GET {ENDPOINT}", {"name": "echo", "properties": properties})
    made = [
        {
            "name": name,
            "sku": {"capacity": body.get("instances", 1)},
            "tags": {"azml-serves": body.get("serves", name)},
            "properties": {
                "provisioningState": body.get("state", "Succeeded"),
                "instanceType": body.get("size", "Standard_D2as_v4"),
            },
        }
        for name, body in deployments.items()
    ]
    wire.tell(f"GET {ENDPOINT}/deployments", {"value": made})
