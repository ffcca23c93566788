"""A small Azure on loopback for these tests: https, tokens, a resource store, asynchronous writes, blobs.

It knows the few rules the plugins depend on: shares may only name deployments that exist, and a deployment
with a share is not deleted. A deployment whose model is `broken` fails after it was accepted. What it is sent
and answers is noted for the comparison with Azure's clients, as the local Azure's is (tests/conftest.py).
"""

import json
import re
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import certifi
import trustme

from azml.emulator.control.http.exchanges import from_environment

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
_ENDPOINT = re.compile(r"(?i)(.*/onlineEndpoints/[^/]+)(?:/deployments/([^/]+))?")
# A PUT of these answers 200 also where it makes one, as their descriptions have it.
_NEVER_CREATED = re.compile(r".*/(workspaces|storageaccounts)/[^/]+")


@dataclass
class Fault:
    """Answer the next `times` requests that match with an error."""

    method: str
    path: str
    status: int
    code: str
    times: int = 1


@dataclass
class World:
    """Everything the server holds. Paths are in lower case, without the query."""

    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    blobs: dict[str, tuple[bytes, dict[str, str]]] = field(default_factory=dict)
    journal: list[tuple[str, str, Any, int]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    operations: dict[str, dict[str, Any]] = field(default_factory=dict)
    connections: int = 0
    polls: int = 2

    def writes(self, kind: str) -> list[str]:
        """The writes that concern resources whose path ends like `kind`, as `METHOD name status traffic?`."""
        lines = []
        for method, path, body, status in self.journal:
            if method in ("PUT", "DELETE") and re.search(kind, path):
                shares = (
                    (body or {}).get("properties", {}).get("traffic") if "deployments" not in path else None
                )
                line = f"{method} {path.rpartition('/')[2]} {status}"
                lines.append(line if shares is None else f"{line} {json.dumps(shares)}")
        return lines


class Arm:
    """The running server."""

    def __init__(self, folder: Path) -> None:
        self.world = World()
        self.exchanges = from_environment()
        authority = trustme.CA()
        self.bundle = folder / "bundle.pem"
        self.bundle.write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def environment(self) -> dict[str, str]:
        """The variables that point any client here."""
        bundle = str(self.bundle)
        return {
            "ARM_METADATA_HOSTNAME": self.host,
            "ARM_DISABLE_INSTANCE_DISCOVERY": "true",
            "ARM_SUBSCRIPTION_ID": SUBSCRIPTION,
            "ARM_TENANT_ID": "00000000-0000-0000-0000-0000000000aa",
            "ARM_CLIENT_ID": "00000000-0000-0000-0000-0000000000bb",
            "ARM_CLIENT_SECRET": "local-secret",
            "REQUESTS_CA_BUNDLE": bundle,
            "CURL_CA_BUNDLE": bundle,
            "SSL_CERT_FILE": bundle,
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error of a test."""


def _handler(arm: Arm) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            arm.world.connections += 1

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

        def _serve(self) -> None:
            path = unquote(urlsplit(self.path).path)
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, answer = _answer(arm, self.command, path, dict(self.headers), content)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815

    return Handler


Answer = tuple[int, dict[str, str], bytes]


def _json(status: int, document: Any, **headers: str) -> Answer:
    content = b"" if document is None else json.dumps(document).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"Content-Type": "application/json", **named}, content


def _error(status: int, code: str, message: str = "as asked") -> Answer:
    return _json(status, {"error": {"code": code, "message": message}})


def _answer(arm: Arm, method: str, path: str, headers: dict[str, str], content: bytes) -> Answer:
    world = arm.world
    if path == "/metadata/endpoints":
        return _json(200, _metadata(arm.host))
    if path.endswith("/oauth2/v2.0/token"):
        return _json(200, {"token_type": "Bearer", "expires_in": 3600, "access_token": "a.e30.c"})
    if ".blob.local/" in path:
        return _blob(world, method, path, headers, content)
    if headers.get("Authorization") != "Bearer a.e30.c":
        return _error(401, "AuthenticationFailed")
    body = json.loads(content) if content else None
    status, sent, answer = _faulty(world, method, path) or _arm(arm, method, path, body)
    if method != "GET":
        world.journal.append((method, path.lower(), body, status))
    arm.exchanges.add(method, path, json.loads(content) if content else None, status, answer)
    return status, sent, answer


def _faulty(world: World, method: str, path: str) -> Answer | None:
    for fault in world.faults:
        if fault.times and fault.method == method and re.search(fault.path, path, re.IGNORECASE):
            fault.times -= 1
            return _error(fault.status, fault.code)
    return None


def _metadata(host: str) -> dict[str, Any]:
    return {
        "name": "Local",
        "resourceManager": f"https://{host}",
        "authentication": {"loginEndpoint": f"https://{host}", "audiences": [f"https://{host}"]},
        "suffixes": {"storage": "local"},
    }


def _arm(arm: Arm, method: str, path: str, body: Any) -> Answer:
    world, key = arm.world, path.lower()
    if key.startswith("/operations/"):
        return _operation(world, key)
    if method == "POST":
        return _action(key)
    if method == "PUT":
        return _put(arm, path, body)
    if method == "DELETE":
        return _delete(arm, key)
    if key.endswith("/deployments"):
        return _json(
            200, {"value": [item for name, item in world.resources.items() if name.startswith(f"{key}/")]}
        )
    found = world.resources.get(key)
    return _error(404, "ResourceNotFound", f"{path} was not found.") if found is None else _json(200, found)


def _action(key: str) -> Answer:
    if key.endswith("/storageaccounts/stazml/listkeys"):
        return _json(200, {"keys": [{"keyName": "key1", "value": "c2VjcmV0", "permissions": "FULL"}]})
    if key.endswith("/listkeys"):
        return _json(200, {"primaryKey": "p", "secondaryKey": "s"})
    return _json(200, {"content": "log"})


def _put(arm: Arm, path: str, body: Any) -> Answer:
    world, key = arm.world, path.lower()
    match = _ENDPOINT.fullmatch(path)
    properties = body.setdefault("properties", {})
    if match and not match[2]:
        for name in {**(properties.get("traffic") or {}), **(properties.get("mirrorTraffic") or {})}:
            if f"{key}/deployments/{name.lower()}" not in world.resources:
                return _error(400, "InvalidTraffic", f"there is no deployment {name}")
        properties["scoringUri"] = f"https://{arm.host}/westeurope/{path.rpartition('/')[2]}/score"
    if "/storageaccounts/" in key and "/blobservices/" not in key:
        properties["primaryEndpoints"] = {"blob": f"https://{arm.host}/{path.rpartition('/')[2]}.blob.local/"}
    parent = key.rpartition("/onlineendpoints/")[0]
    if match and parent not in world.resources:
        return _error(404, "ParentResourceNotFound")
    created = key not in world.resources
    if match:
        properties["provisioningState"] = "Creating" if created else "Updating"
    stored = {**body, "id": path, "name": path.rpartition("/")[2], "type": "t"}
    world.resources[key] = stored
    if not match:
        return _json(201 if created and not _NEVER_CREATED.fullmatch(key) else 200, stored)
    broken = properties.get("model") == "broken"
    return _json(201 if created else 200, stored, **_begin(arm, key, broken))


def _begin(arm: Arm, key: str, broken: bool) -> dict[str, str]:
    name = f"/operations/{len(arm.world.operations) + 1}"
    arm.world.operations[name] = {"left": arm.world.polls, "key": key, "broken": broken}
    return {"Azure_AsyncOperation": f"https://{arm.host}{name}?api-version=1", "x_ms_retry_after_ms": "20"}


def _operation(world: World, key: str) -> Answer:
    operation = world.operations[key]
    operation["left"] -= 1
    if operation["left"] > 0:
        return _json(200, {"status": "InProgress"}, x_ms_retry_after_ms="20")
    state = "Failed" if operation["broken"] else "Succeeded"
    if operation.get("delete"):
        world.resources.pop(operation["key"], None)
    else:
        world.resources[operation["key"]]["properties"]["provisioningState"] = state
    error = {"code": "UserScriptException", "message": "init() failed: KeyError('x')"}
    return _json(200, {"status": state, **({"error": error} if operation["broken"] else {})})


def _delete(arm: Arm, key: str) -> Answer:
    world = arm.world
    if key not in world.resources:
        return _json(204, None)
    match = _ENDPOINT.fullmatch(key)
    if match and match[2]:
        live = world.resources.get(match[1], {}).get("properties", {}).get("traffic") or {}
        if any(name.lower() == match[2] and share for name, share in live.items()):
            return _error(409, "DeploymentHasTraffic", f"{match[2]} has traffic")
        sent = _begin(arm, key, broken=False)
        list(world.operations.values())[-1]["delete"] = True
        return _json(202, None, **sent)
    for name in [name for name in world.resources if name == key or name.startswith(f"{key}/")]:
        del world.resources[name]
    return _json(200, None)


def _blob(world: World, method: str, path: str, headers: dict[str, str], content: bytes) -> Answer:
    if not headers.get("Authorization", "").startswith("SharedKey stazml:"):
        return 403, {}, b""
    if method == "PUT":
        world.blobs[path] = (content, {name.lower(): value for name, value in headers.items()})
        return 201, {}, b""
    if path not in world.blobs:
        return 404, {}, b""
    if method == "DELETE":
        del world.blobs[path]
        return 202, {}, b""
    data, sent = world.blobs[path]
    meta = {name: value for name, value in sent.items() if name.startswith("x-ms-meta-")}
    kind = {"Content-Type": sent["x-ms-blob-content-type"], "Content-Length": str(len(data)), **meta}
    return 200, kind, data
