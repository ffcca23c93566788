"""storage:Blob: azure-native writes blobs to the storage account's endpoint, not through ARM."""

from collections.abc import Callable, Mapping
from email.utils import formatdate
from urllib.parse import quote

from azml.azure.arm import Arm
from azml.azure.http import Body, Response
from azml.azure_native.addresses import parse
from azml.azure_native.types import Row
from azml.engine_values import UNKNOWN, Properties
from azml.providers import calls
from azml.providers.codec import Archive, Asset
from azml.providers.local_azure.accounts import Account, Accounts, signature
from azml.providers.local_azure.names import address
from azml.providers.local_azure.resource import ArmResource, Locations
from azml.providers.local_azure.sources import content

_VERSION = "2023-11-03"  # of the blob service
_DEFAULT_TYPE = "application/octet-stream"


class Blob(ArmResource):
    """One blob: resources/customresources/custom_storage_azidentity.go."""

    def __init__(self, row: Row, arm: Arm, subscription: Callable[[], str], locations: Locations) -> None:
        super().__init__(row, arm, subscription, locations)
        self._accounts = Accounts(arm, subscription)

    def diff(self, call: calls.Diff) -> calls.Changes:
        """Sources with the same hash are the same, whatever their paths."""
        olds, news = (_hashed(inputs) for inputs in (call.olds, call.news))
        return super().diff(calls.Diff(call.urn, call.type, call.id, olds, news, call.outputs))

    def create(self, call: calls.Create) -> calls.State:
        """Refuse an existing blob, then upload: provider.go, customCreate, reads first."""
        if call.preview:
            return calls.State("", _preview(call.inputs))
        place = address(self._row.path, self._subscription(), call.inputs)
        if self.read(calls.Read(call.urn, call.type, place, call.inputs, {})) is not None:
            raise calls.ProviderError(f"cannot create already existing resource '{place}'")
        return calls.State(place, self._upload(call.inputs))

    def update(self, call: calls.Update) -> Properties:
        """Upload again: tier, type and metadata are sent with the content."""
        return call.outputs if call.preview else self._upload(call.news)

    def read(self, call: calls.Read) -> calls.State | None:
        """The blob service's properties of the blob; its source cannot be read back."""
        where = parse(self._row, call.id)
        account = self._accounts.find(where)
        answer = self._send("HEAD", account, where, {}) if account else None
        if account is None or answer is None or answer.status == 404:
            return None
        outputs = _outputs(_url(account, where), self._arm.accepted(answer), where)
        found = {key: outputs[key] for key in ("contentType", "metadata") if outputs.get(key)}
        kept = {key: call.inputs[key] for key in found if key in call.inputs} if call.inputs else found
        drifted = {key: found[key] for key in kept}
        return calls.State(call.id, outputs, {**call.inputs, **drifted, **where})

    def delete(self, call: calls.Delete) -> None:
        """Delete the blob; a missing blob or account is not an error."""
        where = parse(self._row, call.id)
        account = self._accounts.find(where)
        if account is not None:
            answer = self._send("DELETE", account, where, {})
            if answer.status != 404:
                self._arm.accepted(answer)

    def _upload(self, inputs: Properties) -> Properties:
        account = self._accounts.find(inputs)
        if account is None:
            raise calls.ProviderError(
                f"there is no storage account {inputs['accountName']!r} to write blobs to"
            )
        if inputs.get("type") not in (None, "Block"):
            raise calls.ProviderError(f"blobs of type {inputs['type']!r} are not offered by the local Azure")
        headers = {
            "x-ms-blob-type": "BlockBlob",
            "x-ms-blob-content-type": str(inputs.get("contentType") or _DEFAULT_TYPE),
            **{f"x-ms-meta-{key}": str(value) for key, value in (inputs.get("metadata") or {}).items()},
        }
        if inputs.get("accessTier"):
            headers["x-ms-access-tier"] = str(inputs["accessTier"])
        if inputs.get("contentMd5"):
            headers["x-ms-blob-content-md5"] = str(inputs["contentMd5"])
        with content(inputs.get("source")) as (size, body):
            answer = self._send("PUT", account, inputs, headers, size, body)
        self._arm.accepted(answer)
        stored = self._arm.accepted(self._send("HEAD", account, inputs, {}))
        return _outputs(_url(account, inputs), stored, inputs)

    def _send(
        self,
        method: str,
        account: Account,
        where: Mapping[str, object],
        headers: Mapping[str, str],
        size: int | None = None,
        body: Body = None,
    ) -> Response:
        url = _url(account, where)
        sent = {"x-ms-version": _VERSION, "x-ms-date": formatdate(usegmt=True), **headers}
        if size is not None:
            sent["Content-Length"] = str(size)
        sent["Authorization"] = f"SharedKey {account.name}:{signature(method, url, sent, account)}"
        return self._arm.http.request(method, url, headers=sent, body=body)


def _url(account: Account, where: Mapping[str, object]) -> str:
    blob = quote(str(where["blobName"]), safe="/")
    return f"{account.blobs}/{quote(str(where['containerName']))}/{blob}"


def _outputs(url: str, answer: Response, inputs: Mapping[str, object]) -> Properties:
    headers = answer.headers
    metadata = {
        name.removeprefix("x-ms-meta-"): value
        for name, value in headers.items()
        if name.startswith("x-ms-meta-")
    }
    return {
        "name": str(inputs["blobName"]),
        "url": url,
        "type": "Block",
        "contentType": headers.get("content-type", _DEFAULT_TYPE),
        "contentMd5": headers.get("content-md5", ""),
        "accessTier": headers.get("x-ms-access-tier", "Hot"),
        "metadata": metadata,
    }


def _preview(inputs: Properties) -> Properties:
    given: Properties = {
        key: inputs[key] for key in ("contentType", "metadata", "accessTier") if key in inputs
    }
    return {"url": UNKNOWN, "contentMd5": UNKNOWN, "type": "Block", **given, "name": inputs["blobName"]}


def _hashed(inputs: Properties) -> Properties:
    """The inputs with their source reduced to its hash, where it has one."""
    source = inputs.get("source")
    known = source.hash if isinstance(source, Asset | Archive) else None
    return {**inputs, "source": known or source} if source is not None else inputs
