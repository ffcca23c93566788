"""Requests to an endpoint's scoring URI."""

import json
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from azml.azure.errors import UnreachableError
from azml.cli.failure import CommandError, InputError

ROUTED_TO = "azureml-model-deployment"
"""The header that selects a deployment in a request, and names the deployment in an answer."""
CLIENT_ID = "x-ms-client-request-id"
"""The header with an id of the caller's; Azure keeps letters, digits, dashes and underscores of it."""
JSON = "application/json"
ANY = "application/octet-stream"
_LOG_TELLS = frozenset({408, 424, 500, 502, 503, 504})
"""Statuses from the model or its server; the others come from the endpoint, before any model runs."""


@dataclass(frozen=True)
class Request:
    """The body of a request, its content type, and an id by which logs name it, if any."""

    content: bytes
    content_type: str
    client_id: str | None = None


def read_request(path: Path, content_type: str | None = None) -> Request:
    """The request in a file, sent unchanged. Its extension gives the type unless `content_type` does.

    Raises InputError when it should be JSON and is not.
    """
    content = path.read_bytes()
    kind = content_type or mimetypes.guess_type(path.name)[0] or ANY
    if kind.partition(";")[0].strip().lower() == JSON:
        try:
            json.loads(content)
        except ValueError as broken:
            raise InputError(
                f"{path} is not valid JSON: {broken}", "to send it as something else: --content-type TYPE"
            ) from None
    return Request(content, kind)


class Refused(CommandError):
    """An answer that is not a prediction, with its text."""

    def __init__(self, endpoint: str, deployment: str | None, status: int, content: bytes) -> None:
        self.deployment = deployment
        self.status = status
        self.text = content.decode(errors="replace").strip()
        hint = f"see: azml logs {endpoint} {deployment}" if self.logged and deployment else ""
        super().__init__(f"{deployment or 'the endpoint'} answered {status}: {self.text[:2000]}", hint)

    @property
    def logged(self) -> bool:
        """Whether the deployment's log has more about it."""
        return self.status in _LOG_TELLS

    @property
    def in_a_line(self) -> str:
        """The answer in one line."""
        text = " ".join(self.text.split())
        return f"answered {self.status}: {text if len(text) <= 300 else f'{text[:297]}...'}"


def headers(bearer: str, deployment: str | None, content_type: str) -> dict[str, str]:
    """The headers of a request; without `deployment` the endpoint's traffic decides which one answers."""
    carried = {"Authorization": f"Bearer {bearer}", "Content-Type": content_type}
    return carried if deployment is None else {**carried, ROUTED_TO: deployment}


def send(endpoint: str, uri: str, bearer: str, deployment: str | None, asked: Request) -> bytes:
    """The answer to one request. Raises Refused with the endpoint's own text when it is not a prediction.

    It uses azure-core's pipeline, as azure-ai-ml's `invoke` does: five minutes for the model, a retry where
    the endpoint does not exist yet, the shell's proxy and certificates. azure-ai-ml itself takes seconds to
    import.
    """
    from azure.core import PipelineClient
    from azure.core.exceptions import AzureError
    from azure.core.pipeline.policies import (
        ProxyPolicy,
        RedirectPolicy,
        RetryPolicy,
        SensitiveHeaderCleanupPolicy,
    )
    from azure.core.rest import HttpRequest, HttpResponse

    policies = [ProxyPolicy(), RedirectPolicy(), RetryPolicy(), SensitiveHeaderCleanupPolicy()]
    carried = headers(bearer, deployment, asked.content_type)
    if asked.client_id:
        carried[CLIENT_ID] = asked.client_id
    request = HttpRequest("POST", uri, content=asked.content, headers=carried)
    with PipelineClient[HttpRequest, HttpResponse](uri, policies=policies) as client:
        try:
            answer = client.send_request(request)
        except AzureError as failure:
            raise UnreachableError(f"{uri} does not answer: {failure.message}") from failure
        if answer.status_code >= 300:
            routed = deployment or answer.headers.get(ROUTED_TO)
            raise Refused(endpoint, routed, answer.status_code, answer.content)
        return answer.content
