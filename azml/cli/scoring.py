"""Requests to an endpoint's scoring address."""

from azml.azure.errors import UnreachableError
from azml.cli.failure import CommandError

ROUTED_TO = "azureml-model-deployment"
"""The header that asks for one deployment, and the one that tells which deployment answered."""


def headers(bearer: str, deployment: str | None) -> dict[str, str]:
    """What a request carries; without `deployment` the endpoint's traffic decides who answers it."""
    carried = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    return carried if deployment is None else {**carried, ROUTED_TO: deployment}


def send(uri: str, bearer: str, deployment: str | None, document: object) -> bytes:
    """The answer to one request. Raises CommandError with the endpoint's own words when it is no prediction.

    It goes through azure-core's pipeline, as that of azure-ai-ml's `invoke` does: five minutes for the model,
    another try where the endpoint is not there yet, the shell's proxy and certificates. The package around it
    takes seconds to import.
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
    request = HttpRequest("POST", uri, json=document, headers=headers(bearer, deployment))
    with PipelineClient[HttpRequest, HttpResponse](uri, policies=policies) as client:
        try:
            answer = client.send_request(request)
        except AzureError as failure:
            raise UnreachableError(f"{uri} does not answer: {failure.message}") from failure
        if answer.status_code >= 300:
            raise refusal(deployment, answer.status_code, answer.content)
        return answer.content


def refusal(deployment: str | None, status: int, content: bytes) -> CommandError:
    """An answer that is no prediction, as a failure with the words it came with."""
    text = content.decode(errors="replace").strip()
    return CommandError(
        f"{deployment or 'the endpoint'} answered {status}: {text[:2000]}",
        "azml logs ENDPOINT SLOT tells more",
    )
