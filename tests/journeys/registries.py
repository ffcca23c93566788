"""A registry and one version in it: rows `reg-*`. Nothing is deployed from it."""

from typing import Any

from azml.azure.http import Response
from tests.journeys.azure import Azure
from tests.journeys.bodies import told
from tests.journeys.storage import NEW
from tests.journeys.truth import Assume

UPLOAD = {"pendingUploadType": "TemporaryBlobReference"}


def look_at_a_registry(azure: Azure, assume: Assume) -> None:
    """Make a registry, and a version in it by its steps; write it again, delete it, and make it once more."""
    place = f"{azure.group_id}/providers/Microsoft.MachineLearningServices/registries/azmllook{azure.mark}"
    version = f"{place}/models/looked/versions/1"
    with assume.about("reg-1", "reg-2", "reg-3", "reg-4"):
        azure.write("PUT", place, _registry(azure))
        body = look_at_a_creation(azure, assume, version)
        look_at_the_files(azure, assume, place, azure.ask("GET", version))
        begun = azure.ask("POST", f"{version}/startPendingUpload", UPLOAD)
        other = {**body, "properties": {**body["properties"], "modelType": "mlflow_model"}}
        changed = azure.write("PUT", version, other)
        both = (begun.status, changed.status) == (409, 409)
        assume("reg-3", both, f"a place for its files: {told(begun)}; another type: {told(changed)}")
        azure.write("DELETE", version)
        again = azure.write("PUT", version, body)
        is_gone = again.status == 400 and "cannot be recreated" in told(again)
        assume("reg-4", is_gone, f"the deleted version again: {told(again)}")
        azure.write("DELETE", place)


def look_at_a_creation(azure: Azure, assume: Assume, version: str) -> dict[str, Any]:
    """Upload a file and register it; the body that did so."""
    address, signature = signed(azure.ask("POST", f"{version}/startPendingUpload", UPLOAD))
    uploaded = azure.http("PUT", f"{address}/model/a.txt?{signature}", NEW, b"one", signed=True)
    body = {"properties": {"modelType": "custom_model", "modelUri": f"{address}/model"}}
    put = azure.ask("PUT", version, body)
    failed = azure.failure(put) if put.status < 300 else told(put)
    goes_on = put.status in (200, 201) and "azure-asyncoperation" in put.headers
    is_so = uploaded.status == 201 and goes_on and not failed
    assume("reg-1", is_so, f"uploaded: {uploaded.status}; registered: {put.status}, then {failed or 'there'}")
    return body


def look_at_the_files(azure: Azure, assume: Assume, place: str, read: Response) -> None:
    """List the files of the version by a signature for where they are said to be."""
    uri = str((read.json().get("properties") or {}).get("modelUri") or "")
    asked = {
        "assetId": f"azureml://registries/{place.rpartition('/')[2]}/models/looked/versions/1",
        "blobUri": uri,
    }
    address, signature = signed(azure.ask("POST", f"{place}/datareferences/looked/versions/1", asked))
    listed = azure.http("GET", f"{address}?restype=container&comp=list&{signature}", {}, signed=True)
    is_so = bool(address) and uri.startswith(address) and b"model/a.txt" in listed.content
    assume("reg-2", is_so, f"its files are at {uri}; a list of {address or 'nothing'}: {listed.status}")


def signed(answer: Response) -> tuple[str, str]:
    """The address of a container and the signature for it, in an answer; empty where it has none."""
    body = answer.json() if answer.status < 300 else {}
    credential = (body.get("blobReferenceForConsumption") or {}).get("credential") or {}
    address, _, signature = str(credential.get("sasUri") or "").partition("?")
    return address.rstrip("/"), signature


def _registry(azure: Azure) -> dict[str, Any]:
    storage = {"systemCreatedStorageAccount": {"storageAccountType": "Standard_LRS"}}
    region = {
        "location": azure.location,
        "storageAccountDetails": [storage],
        "acrDetails": [{"systemCreatedAcrAccount": {"acrAccountSku": "Premium"}}],
    }
    return {
        "location": azure.location,
        "identity": {"type": "SystemAssigned"},
        "properties": {"regionDetails": [region]},
    }
