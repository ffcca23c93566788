"""A scoring script asks for tokens as it would on Azure, and gets them for its endpoint's identities."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from azml.emulator.control.storage.roles import BLOB_READER
from tests.fixtures.control_plane import ENDPOINT, WORKSPACE, grant
from tests.fixtures.serving_azure import USER, ServingAzure

STORAGE = "https://storage.azure.com/.default"


def ask(azure: ServingAzure, **asked: Any) -> Any:
    answer = azure.score(json.dumps(asked).encode())
    assert answer.status == 200, answer.raw
    return answer.body


def test_the_token_is_the_endpoints_own(serving: ServingAzure) -> None:
    """ManagedIdentityCredential() with no argument is the system-assigned identity."""
    identity = serving.arm("GET", ENDPOINT).body["identity"]
    claims = ask(serving, token=STORAGE)
    assert claims["oid"] == identity["principalId"]
    assert claims["tid"] == identity["tenantId"]
    assert claims["aud"] == "https://storage.azure.com"
    assert "xms_mirid" not in claims


def test_a_user_assigned_identity_is_named_by_its_client_id(serving: ServingAzure) -> None:
    user = serving.arm("GET", USER).body["properties"]
    claims = ask(serving, token="https://management.azure.com/.default", client=user["clientId"])
    assert (claims["oid"], claims["appid"]) == (user["principalId"], user["clientId"])
    assert claims["xms_mirid"].lower() == USER.lower()


def test_an_identity_the_endpoint_has_not_is_refused(serving: ServingAzure) -> None:
    asked = json.dumps({"token": STORAGE, "client": "11111111-2222-3333-4444-555555555555"})
    assert serving.score(asked.encode()).status == 424
    logs = serving.arm("POST", f"{ENDPOINT}/deployments/steered/getLogs", {"tail": 200}).body["content"]
    assert "no such identity" in logs


def test_the_token_opens_the_local_azure_over_its_certificate(serving: ServingAzure) -> None:
    """DefaultAzureCredential, and a client that trusts what the process was told to trust.

    Azure gives an endpoint's identity no role on the storage by itself, so at first it reads nothing.
    """
    serving.upload(serving.container, "for/the/script.txt", b"read me")
    url = f"{serving.url}/account1.blob.emulator/{serving.container}/for/the/script.txt"
    status, text = ask(serving, blob=url)
    assert status == 403
    assert "AuthorizationPermissionMismatch" in text
    grant(serving, BLOB_READER, serving.arm("GET", ENDPOINT).body["identity"]["principalId"])
    assert ask(serving, blob=url) == [200, "read me"]


def test_no_secret_but_the_process_s_own_reaches_a_script(serving: ServingAzure) -> None:
    """And that one opens nothing but its own identities."""
    variables = ask(serving, environment=1)
    ours = serving.identity
    text = "\n".join(variables.values())
    for secret in (ours.client_secret, ours.token, ours.signing_key, serving.key):
        assert secret not in text
    assert variables["MSI_SECRET"]
    assert not [name for name in variables if name.startswith(("ARM_", "AZURE_", "IDENTITY_", "PULUMI_"))]


def test_without_an_identity_there_is_no_service_to_ask(serving: ServingAzure) -> None:
    bare = f"{WORKSPACE}/onlineEndpoints/bare"
    body = {"location": "westeurope", "properties": {"authMode": "Key"}}
    serving.done(serving.arm("PUT", bare, body))
    shown = serving.arm("GET", f"{ENDPOINT}/deployments/steered").body
    properties = {name: value for name, value in shown["properties"].items() if name != "dataCollector"}
    deployment = {"location": "westeurope", "sku": shown["sku"], "properties": properties}
    ended = serving.finished(serving.arm("PUT", f"{bare}/deployments/steered", deployment), 60)
    assert ended["status"] == "Succeeded"
    try:
        uri = serving.arm("GET", bare).body["properties"]["scoringUri"]
        key = serving.arm("POST", f"{bare}/listKeys").body["primaryKey"]
        headers = {"Authorization": f"Bearer {key}", "azureml-model-deployment": "steered"}
        answer = serving.score(b'{"environment": 1}', headers=headers, uri=uri)
        assert answer.status == 200, answer.raw
        assert not [name for name in answer.body if name.startswith(("MSI_", "AZUREML_MDC"))]
    finally:
        serving.done(serving.arm("DELETE", bare))


@pytest.mark.parametrize("secret", ["", "wrong"])
def test_the_services_open_to_no_one_else(serving: ServingAzure, secret: str) -> None:
    variables = ask(serving, environment=1)
    request = urllib.request.Request(
        f"{variables['MSI_ENDPOINT']}?resource=x&api-version=2017-09-01", headers={"secret": secret}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.code == 401
    refused.value.close()
    port = variables["AZUREML_MDC_PORT"]
    log = urllib.request.Request(
        f"http://127.0.0.1:{port}/modeldata/log", b"[]", {"ce-type": "azureml.inference.model_inputs"}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(log, timeout=10)
    assert refused.value.code == 401
    refused.value.close()
