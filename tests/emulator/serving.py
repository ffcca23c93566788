"""A whole local Azure whose endpoint `diabetes` serves three scoring scripts: steered, raw and typed."""

import ssl
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from azml.emulator.base.identity import issue_token
from tests.emulator.local_azure import (
    ENDPOINT,
    GROUP,
    WORKSPACE,
    Answer,
    build_assets,
    build_workspace,
    deployment_body,
    endpoint_body,
    wait_for,
)
from tests.emulator.whole_azure import WholeAzure

SCRIPTS = Path(__file__).with_name("scripts")
USER = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader"
HEADER = "azureml-model-deployment"
CONDA = """
dependencies:
  - python=3.11
  - pip:
      - azureml-inference-server-http
      - azureml-ai-monitoring
      - azure-identity
      - numpy
      - pandas
      - requests
"""
COLLECTOR = {
    "collections": {
        name: {"dataCollectionMode": "Enabled", "samplingRate": 1.0}
        for name in ("request", "response", "model_inputs")
    },
    "requestLogging": {"captureHeaders": ["x-said"]},
}


class ServingAzure(WholeAzure):
    """The local Azure with an endpoint that serves."""

    @cached_property
    def scoring(self) -> str:
        return str(self.arm("GET", ENDPOINT).body["properties"]["scoringUri"])

    @cached_property
    def key(self) -> str:
        return str(self.arm("POST", f"{ENDPOINT}/listKeys").body["primaryKey"])

    @cached_property
    def container(self) -> str:
        workspace = self.arm("GET", WORKSPACE).body["properties"]["workspaceId"]
        return f"azureml-blobstore-{workspace}"

    def score(
        self,
        body: bytes | Iterable[bytes],
        deployment: str | None = None,
        *,
        path: str = "/score",
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        uri: str | None = None,
    ) -> Answer:
        connection = self.connect()
        sent = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **(headers or {})}
        if deployment:
            sent[HEADER] = deployment
        try:
            place = urlsplit(uri or self.scoring).path.removesuffix("/score")
            connection.request(method, place + path, body, sent)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def connect(self) -> HTTPSConnection:
        parts = urlsplit(self.scoring)
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        return HTTPSConnection(str(parts.hostname), parts.port, context=context, timeout=60)

    def blobs(self, prefix: str) -> dict[str, bytes]:
        """All blobs of the workspace's default container under a prefix."""
        token, _ = issue_token(self.identity, "https://storage.azure.com")
        headers = {"Authorization": f"Bearer {token}"}
        place = f"/account1.blob.emulator/{self.container}"
        listed = self.send("GET", f"{place}?restype=container&comp=list&prefix={prefix}", headers=headers)
        names = [part.partition("</Name>")[0] for part in listed.raw.decode().split("<Name>")[1:]]
        return {name: self.send("GET", f"{place}/{name}", headers=headers).raw for name in names}


def build(azure: ServingAzure) -> None:
    """The endpoint with an identity of its own and one of a user's; steered collects its data."""
    build_workspace(azure)
    container = build_assets(azure)
    azure.done(azure.arm("PUT", USER, {"location": "westeurope", "properties": {}}))
    environment = f"{WORKSPACE}/environments/e/versions/2"
    azure.done(azure.arm("PUT", environment, {"properties": {"image": "img", "condaFile": CONDA}}))
    for script in SCRIPTS.glob("*.py"):
        azure.upload(container, f"scripts/{script.name}", script.read_bytes())
    code = f"{WORKSPACE}/codes/scripts/versions/1"
    uri = f"{azure.url}/account1.blob.emulator/{container}/scripts"
    azure.done(azure.arm("PUT", code, {"properties": {"codeUri": uri}}))
    identity = {"type": "SystemAssigned,UserAssigned", "userAssignedIdentities": {USER: {}}}
    azure.done(azure.arm("PUT", ENDPOINT, {**endpoint_body(), "identity": identity}))
    begun = [_begin(azure, name, environment, code) for name in ("steered", "raw", "typed")]
    for answer in begun:
        ended = azure.finished(answer, 240)
        assert ended["status"] == "Succeeded", (ended, azure.log)
    azure.done(azure.arm("PUT", ENDPOINT, {**endpoint_body({"steered": 100}), "identity": identity}))


def put_mlflow_model(azure: ServingAzure, name: str) -> None:
    """Version 1 of an MLflow model that doubles its column x."""
    files = {
        "MLmodel": "flavors: {python_function: {code: code, data: code, loader_module: doubling}}\n"
        'signature: {inputs: \'[{"type": "double", "name": "x", "required": true}]\'}\n',
        "requirements.txt": "mlflow-skinny\npandas\n",
        "code/doubling.py": "class Model:\n"
        "    def predict(self, frame, params=None):\n"
        "        return frame['x'].to_numpy() * 2\n\n"
        "def _load_pyfunc(path):\n"
        "    return Model()\n",
    }
    for path, content in files.items():
        azure.upload(azure.container, f"models/{name}/{path}", content.encode())
    group = GROUP.replace("resourceGroups", "resourcegroups")
    place = f"workspaces/{WORKSPACE.rpartition('/')[2]}/datastores/workspaceblobstore/paths/models/{name}"
    properties = {"modelType": "mlflow_model", "modelUri": f"azureml:/{group}/{place}"}
    azure.done(azure.arm("PUT", f"{WORKSPACE}/models/{name}/versions/1", {"properties": properties}))


def _begin(azure: ServingAzure, name: str, environment: str, code: str) -> Answer:
    settings = {"requestTimeout": "PT30S", "maxConcurrentRequestsPerInstance": 50}
    more: dict[str, Any] = {"dataCollector": COLLECTOR} if name == "steered" else {}
    body = deployment_body(
        environmentId=environment,
        codeConfiguration={"codeId": code, "scoringScript": f"{name}.py"},
        requestSettings=settings,
        **more,
    )
    answer = azure.arm("PUT", f"{ENDPOINT}/deployments/{name}", body)
    assert answer.status == 201, answer.raw
    return answer


def eventually(find: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What `find` gives once it is something."""
    found: list[Any] = []

    def there() -> bool:
        found.append(find())
        return bool(found[-1])

    wait_for(there, seconds)
    return found[-1]
