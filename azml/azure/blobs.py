"""One block blob, read and written by conditional requests with the acting identity.

Plain HTTP, because a preview asks for a blob too, and azure-storage-blob takes longer to import than the
whole plugin takes to start.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from azml.azure.arm import Arm
from azml.azure.errors import AzureError
from azml.azure.http import Response
from azml.azure.storage_accounts import SCOPE
from azml.roles import BLOB_CONTRIBUTOR

SERVICE_VERSION = "2024-11-04"
"""The version of the blob service (learn.microsoft.com, "Versioning for Azure Storage")."""
_NO_BLOB = "BlobNotFound"
_NO_CONTAINER = "ContainerNotFound"
_NO_ROLE = frozenset({"AuthorizationPermissionMismatch", "AuthorizationFailure"})


class ChangedError(AzureError):
    """The blob is not the one that the write named: somebody else has written it, or deleted it."""


class NoContainerError(AzureError):
    """The container does not exist."""


@dataclass(frozen=True)
class Content:
    """What a blob holds, the tag of this version, and the service's time (unix seconds, whole ones)."""

    data: bytes
    etag: str
    now: float


class Blob:
    """One blob. `container` is the URL of its container, without a final slash."""

    def __init__(self, arm: Arm, container: str, name: str) -> None:
        self._arm = arm
        self.url = f"{container}/{quote(name)}"

    def read(self) -> Content | None:
        """The blob; None where there is none. Raises NoContainerError, AzureError."""
        answer = self._send("GET")
        if answer.status == 404 and _code(answer) == _NO_BLOB:
            return None
        return _content(self._accepted(answer), answer.content)

    def part(self, start: int, end: int) -> bytes:
        """The bytes from `start` to before `end`. Raises AzureError."""
        return self._accepted(self._send("GET", {"x-ms-range": f"bytes={start}-{end - 1}"})).content

    def write(self, data: bytes, etag: str | None, content_type: str = "application/json") -> Content:
        """Replace the version with this tag; with None there must be no blob yet.

        A request whose answer was lost is not repeated: it may have been carried out. Raises ChangedError,
        NoContainerError, AzureError.
        """
        condition = {"If-None-Match": "*"} if etag is None else {"If-Match": etag}
        headers = {"x-ms-blob-type": "BlockBlob", "Content-Type": content_type, **condition}
        answer = self._send("PUT", headers, data)
        # Put Blob: 409 where it must be new and is there, 412 where it is another version.
        if answer.status == 412 or (answer.status == 409 and _code(answer) == "BlobAlreadyExists"):
            raise ChangedError(f"{self.url} was written by somebody else", status=answer.status)
        return _content(self._accepted(answer), data)

    def _send(
        self, method: str, more: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Response:
        headers = {**signed_headers(self._arm), **(more or {})}
        return self._arm.http.request(method, self.url, headers=headers, body=body)

    def _accepted(self, answer: Response) -> Response:
        if answer.status < 300:
            return answer
        code = _code(answer)
        if code == _NO_CONTAINER:
            raise NoContainerError(
                f"there is no container {self.url.rpartition('/')[0]}", status=404, code=code
            )
        if code in _NO_ROLE:
            raise AzureError(
                f"{code}: the identity this runs as needs the role {BLOB_CONTRIBUTOR!r} on the storage "
                f"account of {self.url}, and a network that the account allows",
                status=answer.status,
                code=code,
            )
        raise AzureError(f"{self.url}: {code or answer.status}", status=answer.status, code=code)


def signed_headers(arm: Arm) -> dict[str, str]:
    """The headers of a request to the blob service by the acting identity."""
    return {"Authorization": f"Bearer {arm.token(SCOPE)}", "x-ms-version": SERVICE_VERSION}


def _code(answer: Response) -> str:
    return answer.headers.get("x-ms-error-code", "")


def _content(answer: Response, data: bytes) -> Content:
    now = parsedate_to_datetime(answer.headers["date"]).timestamp()
    return Content(data, answer.headers["etag"], now)
