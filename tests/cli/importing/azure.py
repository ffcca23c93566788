"""Endpoints as Azure has them, and a store whose files are in memory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from azml.cli.endpoints.endpoints import OnlineDeployment, OnlineEndpoint
from azml.cli.release.contents import Listing, Version
from azml.cli.stacks.stacks import WorkspaceName
from azml.specs import AssetReference

WS = WorkspaceName("s", "rg", "ws")
PINNED: dict[str, Any] = {
    "endpointComputeType": "Managed",
    "instanceType": "Standard_DS2_v2",
    "model": f"{WS.id}/models/m/versions/1",
    "environmentId": f"{WS.id}/environments/e/versions/1",
    "codeConfiguration": {"codeId": f"{WS.id}/codes/c/versions/1", "scoringScript": "score.py"},
    "environmentVariables": {"AZUREML_ENTRY_SCRIPT": "score.py", "WORKERS": "2"},
    "provisioningState": "Succeeded",
    "scaleSettings": {"scaleType": "Default"},
    "requestSettings": {
        "requestTimeout": "PT5S",
        "maxConcurrentRequestsPerInstance": 1,
        "maxQueueWait": "PT0.5S",
    },
    "properties": {"AzureAsyncOperationUri": "https://..."},
}
VERSIONS: dict[str, dict[str, Any]] = {
    "model": {"modelType": "custom_model"},
    "code": {},
    "environment": {"image": "img", "condaFile": "dependencies: [python=3.11]"},
}
FILES = {
    "model": {"up/1/w.bin": b"weights"},
    "code": {"code/1/score.py": b"def init(): ...\ndef run(data): ...\n"},
}
PLACES = {"model": "up/1/w.bin", "code": "code/1"}


def deployment(name: str = "blue", **properties: Any) -> OnlineDeployment:
    """A deployment of registered versions."""
    state = properties.pop("state", "Succeeded")
    tags = {"team": "pricing"}
    return OnlineDeployment(name, state, "Standard_DS2_v2", 2, tags, {**PINNED, **properties})


def endpoint(
    *deployments: OnlineDeployment,
    name: str = "price",
    traffic: Mapping[str, int] | None = None,
    mirror: Mapping[str, int] | None = None,
    identity: Mapping[str, Any] | None = None,
    state: str = "Succeeded",
    **properties: Any,
) -> OnlineEndpoint:
    """An endpoint as the SDK makes it."""
    body = {
        "name": name,
        "location": "westeurope",
        "tags": {"team": "pricing"},
        "identity": identity or {"type": "SystemAssigned", "principalId": "p"},
        "properties": {"authMode": "Key", "properties": {"createdBy": "me"}, **properties},
    }
    mode = str(body["properties"]["authMode"])  # type: ignore[index]
    slots = deployments or (deployment(),)
    return OnlineEndpoint(WS, name, state, mode, "", traffic or {}, mirror or {}, slots, body)


class Kept:
    """A store with these files. `refusal` is raised for each look at files."""

    def __init__(
        self,
        files: Mapping[str, Mapping[str, bytes]] = FILES,
        places: Mapping[str, str] = PLACES,
        versions: Mapping[str, dict[str, Any]] = VERSIONS,
        refusal: Exception | None = None,
    ) -> None:
        self.files, self.places, self.versions, self.refusal = files, places, versions, refusal
        self.looks = 0

    def find(self, kind: str, asset: AssetReference) -> Version | None:
        return Version(kind, asset, self.versions[kind]) if kind in self.versions else None

    def listed(self, version: Version) -> Listing:
        self.looks += 1
        if self.refusal:
            raise self.refusal
        sizes = {name: len(content) for name, content in self.files[version.kind].items()}
        return Listing(self.places[version.kind], sizes)

    def fetch(self, version: Version, files: Mapping[str, Path]) -> None:
        for name, path in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.files[version.kind][name])
