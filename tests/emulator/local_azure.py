"""A real control plane in a process of its own, and a plain client for it."""

import json
import ssl
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from azml.emulator.base.identity import PRINCIPAL, SUBSCRIPTION, Identity, ensure_identity, issue_token
from azml.emulator.control.storage.roles import BLOB_CONTRIBUTOR
from tests.emulator.fake_dataplane import FakeDataplane

Json = dict[str, Any]
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/account1"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/vault1"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ws1"
ENDPOINT = f"{WORKSPACE}/onlineEndpoints/diabetes"
STANDS_ON = {"storageAccount": ACCOUNT, "keyVault": VAULT}
ENDED = ("Succeeded", "Failed", "Canceled")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def code(self) -> str:
        return str(self.body["error"]["code"])


class Client:
    """What a test asks of a control plane, however it is reached."""

    def __init__(self, dataplane: FakeDataplane) -> None:
        self.dataplane = dataplane

    @property
    def url(self) -> str:
        raise NotImplementedError

    @property
    def identity(self) -> Identity:
        raise NotImplementedError

    def send(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        raise NotImplementedError

    def arm(self, method: str, path: str, body: Json | None = None, query: str = "") -> Answer:
        token, _ = issue_token(self.identity, "https://management.azure.com")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        target = f"{path}?api-version=2025-12-01{query}"
        return self.send(method, target, json.dumps(body).encode() if body is not None else b"", headers)

    def own(self, method: str, path: str, body: Json | None = None) -> Answer:
        headers = {"Authorization": f"Bearer {self.identity.token}"}
        return self.send(method, f"/_azml/{path}", json.dumps(body or {}).encode(), headers)

    def finished(self, answer: Answer, seconds: float = 20.0) -> Json:
        """Follow an asynchronous operation to its end."""
        parts = urlsplit(answer.headers["azure-asyncoperation"])
        assert f"{parts.scheme}://{parts.netloc}" == self.url
        found: list[Json] = []

        def ended() -> bool:
            found.append(self.arm("GET", parts.path).body)
            return found[-1]["status"] in ENDED

        wait_for(ended, seconds)
        return found[-1]

    def done(self, answer: Answer) -> None:
        """The request was taken and, if it goes on, ended well."""
        assert answer.status < 300, answer.raw
        if "azure-asyncoperation" in answer.headers:
            assert self.finished(answer)["status"] == "Succeeded"

    def upload(self, container: str, name: str, content: bytes) -> None:
        token, _ = issue_token(self.identity, "https://storage.azure.com")
        headers = {"Authorization": f"Bearer {token}", "x-ms-blob-type": "BlockBlob"}
        answer = self.send("PUT", f"/account1.blob.emulator/{container}/{name}", content, headers)
        assert answer.status == 201, answer.raw


class LocalAzure(Client):
    """A control plane over a folder. The folder and the data plane outlive `kill` and `start`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(FakeDataplane())
        self.dataplane.start()
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def identity(self) -> Identity:
        return ensure_identity(self.folder)

    def start(self, largest_file: int | None = None, descriptors: int | None = None) -> None:
        """Start it; with `largest_file` no file it writes may have more bytes, as on a disk that is full.

        With `descriptors` it starts with so few, of which it may raise the number.
        """
        ready = self.dataplane.folder / "ready.json"
        ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "azml.emulator.control", "--folder", str(self.folder)]
        command += ["--port", str(self.port), "--scoring-url", "https://127.0.0.1:9"]
        command += ["--dataplane-socket", str(self.dataplane.socket), "--ready-file", str(ready)]
        if largest_file:
            command = ["/bin/sh", "-c", f'ulimit -f {largest_file // 512} && exec "$0" "$@"', *command]
        if descriptors:
            command = ["/bin/sh", "-c", f'ulimit -Sn {descriptors} && exec "$0" "$@"', *command]
        self._process = subprocess.Popen(command)
        wait_for(lambda: ready.exists() or self._process is None or self._process.poll() is not None)
        self.port = json.loads(ready.read_bytes())["port"]

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(20)
        self.dataplane.stop()

    def wait_for_exit(self) -> int:
        assert self._process is not None
        return self._process.wait(20)

    def send(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        connection = HTTPSConnection("127.0.0.1", self.port, context=context, timeout=30)
        try:
            connection.request(method, path, body or None, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()


def wait_for(condition: Any, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def endpoint_body(traffic: Mapping[str, object] | None = None, **properties: object) -> Json:
    shares = {} if traffic is None else {"traffic": dict(traffic)}
    return {"location": "westeurope", "properties": {"authMode": "Key", **shares, **properties}}


def deployment_body(capacity: int = 1, **properties: object) -> Json:
    return {
        "location": "westeurope",
        "sku": {"name": "Default", "capacity": capacity},
        "properties": {
            "endpointComputeType": "Managed",
            "instanceType": "Standard_DS2_v2",
            "model": f"{WORKSPACE}/models/m/versions/1",
            "environmentId": f"{WORKSPACE}/environments/e/versions/1",
            "codeConfiguration": {"codeId": f"{WORKSPACE}/codes/c/versions/1", "scoringScript": "score.py"},
            **properties,
        },
    }


def grant(azure: Client, role: str, principal: str = PRINCIPAL, scope: str = ACCOUNT) -> str:
    """Give a built-in role, by its id; the ARM id of the assignment."""
    name = uuid.uuid5(uuid.NAMESPACE_URL, scope + role + principal)
    place = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
    definition = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    body = {"properties": {"roleDefinitionId": definition, "principalId": principal}}
    azure.done(azure.arm("PUT", place, body))
    return place


def build_workspace(azure: Client) -> None:
    """A resource group and a workspace with what it stands on; who asks may read and write its blobs."""
    group = azure.arm("PUT", GROUP, {"location": "westeurope"})
    assert group.status == 201, group.raw
    account = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    azure.done(azure.arm("PUT", ACCOUNT, account))
    vault = {"sku": {"family": "A", "name": "standard"}, "tenantId": "t"}
    azure.done(azure.arm("PUT", VAULT, {"location": "westeurope", "properties": vault}))
    azure.done(azure.arm("PUT", WORKSPACE, {"location": "westeurope", "properties": STANDS_ON}))
    grant(azure, BLOB_CONTRIBUTOR)


def build_assets(azure: Client) -> str:
    """Model m, code c and environment e, version 1 each, with their blobs. Gives the container."""
    workspace = azure.arm("GET", WORKSPACE).body["properties"]["workspaceId"]
    container = f"azureml-blobstore-{workspace}"
    azure.upload(container, "models/1/model/weights.bin", b"weights")
    azure.upload(container, "models/1/model/deep/er.txt", b"deeper")
    azure.upload(container, "code/1/score.py", b"def init(): ...")
    short = WORKSPACE.replace("/providers/Microsoft.MachineLearningServices", "")
    uri = f"azureml:/{short.replace('resourceGroups', 'resourcegroups')}"
    model = f"{uri}/datastores/workspaceblobstore/paths/models/1/model"
    versions = {
        "models/m": {
            "modelType": "custom_model",
            "modelUri": model.replace("/providers/Microsoft.MachineLearningServices", ""),
        },
        "codes/c": {"codeUri": f"{azure.url}/account1.blob.emulator/{container}/code/1"},
        "environments/e": {"image": "img", "condaFile": "dependencies: [python=3.11]"},
    }
    for name, properties in versions.items():
        azure.done(azure.arm("PUT", f"{WORKSPACE}/{name}/versions/1", {"properties": properties}))
    return container
