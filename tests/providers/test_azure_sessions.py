"""ARM by plain HTTP: connections, tokens, waiting, and the words for what goes wrong."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml.azure.arm import Arm
from azml.azure.cloud import PUBLIC, Cloud, discover
from azml.azure.credentials import ClientCredentials, IdentityTokens, credential, token_source
from azml.azure.errors import AzureError, CancelledError, OperationFailedError, UnreachableError
from azml.azure.http import Http, Response, is_loopback
from azml.azure.settings import AzureSettings, only_settings, read_settings
from tests.fixtures.control_plane import deployment_body, endpoint_body
from tests.fixtures.small_azure import Fault, SmallAzure

_GROUP = "/subscriptions/s/resourceGroups/rg"
_WORKSPACE = f"{_GROUP}/providers/Microsoft.MachineLearningServices/workspaces/w"
_DEPLOYMENT = f"{_WORKSPACE}/onlineEndpoints/diabetes/deployments/blue"
_BODY = {"location": "westeurope", "properties": {}}


def test_many_threads_share_few_connections(arm: Arm, small_azure: SmallAzure) -> None:
    """Connections are kept: as many as there are calls at once, not as there are calls."""
    arm.put(_GROUP, "1", {"location": "westeurope"})
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: arm.get(_GROUP, "1"), range(80)))
    assert all(item and item["location"] == "westeurope" for item in found)
    assert small_azure.world.connections <= 10


def test_a_connection_closed_while_idle_is_replaced(arm: Arm) -> None:
    arm.put(_GROUP, "1", {"location": "a"})
    for connections in arm.http._idle.values():
        for connection in connections:
            assert connection.sock is not None
            connection.sock.shutdown(socket.SHUT_RDWR)
    assert arm.get(_GROUP, "1") is not None


def test_a_server_that_is_just_starting_is_waited_for(tmp_path: Path) -> None:
    """A refused connection is tried again for a moment, then named with the way out."""
    slept: list[float] = []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    with pytest.raises(UnreachableError, match="start it with `azml emulator start`"):
        Http(sleep=slept.append, clock=lambda: sum(slept)).request("GET", url)
    assert 2.9 < sum(slept) < 3.2


def test_an_operation_is_followed_to_its_end(arm: Arm) -> None:
    arm.put(_WORKSPACE, "1", _BODY)
    arm.wait(arm.put(f"{_WORKSPACE}/onlineEndpoints/diabetes", "1", endpoint_body()))
    arm.wait(arm.put(_DEPLOYMENT, "1", deployment_body()))
    found = arm.get(_DEPLOYMENT, "1")
    assert found and found["properties"]["provisioningState"] == "Succeeded"
    arm.delete(_DEPLOYMENT, "1")
    assert arm.get(_DEPLOYMENT, "1") is None
    arm.delete(_DEPLOYMENT, "1")


def test_an_operation_that_fails_says_why(arm: Arm) -> None:
    arm.put(_WORKSPACE, "1", _BODY)
    arm.wait(arm.put(f"{_WORKSPACE}/onlineEndpoints/diabetes", "1", endpoint_body()))
    started = arm.put(_DEPLOYMENT, "1", deployment_body(model="broken"))
    with pytest.raises(OperationFailedError, match="UserScriptException: init\\(\\) failed"):
        arm.wait(started)


def test_a_wait_ends_when_it_is_given_up(arm: Arm, small_azure: SmallAzure) -> None:
    small_azure.world.polls = 1_000_000
    arm.put(_WORKSPACE, "1", _BODY)
    started = arm.put(f"{_WORKSPACE}/onlineEndpoints/diabetes", "1", endpoint_body())
    threading.Timer(0.2, arm.cancel).start()
    with pytest.raises(CancelledError):
        arm.wait(started)


def test_a_wait_ends_at_its_deadline(arm: Arm, small_azure: SmallAzure) -> None:
    small_azure.world.polls = 1_000_000
    arm.put(_WORKSPACE, "1", _BODY)
    started = arm.put(f"{_WORKSPACE}/onlineEndpoints/diabetes", "1", endpoint_body())
    with pytest.raises(AzureError, match="did not end within 0 seconds"):
        arm.wait(started, seconds=0.1)


def test_an_overloaded_azure_is_asked_again_and_a_refusal_is_not(arm: Arm, small_azure: SmallAzure) -> None:
    small_azure.world.faults.append(Fault("PUT", "resourceGroups/rg$", 503, "Busy", times=2))
    arm.put(_GROUP, "1", {"location": "a"})
    small_azure.world.faults.append(Fault("PUT", "resourceGroups/rg$", 400, "BadRequest", times=2))
    with pytest.raises(AzureError, match="BadRequest: as asked") as refused:
        arm.put(_GROUP, "1", {"location": "b"})
    assert refused.value.status == 400
    assert small_azure.world.faults[-1].times == 1


def test_a_metadata_host_that_is_none_is_named(arm: Arm, small_azure: SmallAzure) -> None:
    with pytest.raises(AzureError, match="not an Azure metadata host"):
        discover(AzureSettings(metadata_host=f"https://{small_azure.host}/elsewhere"), arm.http)


def test_configuration_wins_over_the_environment() -> None:
    config = only_settings({"clientId": "config", "workspace": "w"})
    assert config == {"clientId": "config"}
    environ = {"ARM_CLIENT_ID": "env", "ARM_TENANT_ID": "tenant", "ARM_USE_OIDC": "true"}
    settings = read_settings(config, environ)
    assert (settings.client_id, settings.tenant_id, settings.use_oidc) == ("config", "tenant", True)


def test_secrets_are_not_shown() -> None:
    assert "hush" not in repr(AzureSettings(client_secret="hush", oidc_token="hush"))


@given(st.sampled_from(["public", "china", "usgovernment", "AzureCloud", "AzureUSGovernment"]))
def test_an_environment_by_name_is_never_local(name: str) -> None:
    cloud = discover(AzureSettings(environment=name), Http())
    assert not cloud.local
    assert cloud.scope.endswith("/.default")


def test_an_unknown_environment_is_named() -> None:
    with pytest.raises(AzureError, match="unknown Azure environment 'mars'"):
        discover(AzureSettings(environment="mars"), Http())


@pytest.mark.parametrize(
    ("given_settings", "kind"),
    [
        ({"client_secret": "s", "client_id": "c", "tenant_id": "t"}, "ClientSecretCredential"),
        (
            {"use_oidc": True, "oidc_token": "o", "client_id": "c", "tenant_id": "t"},
            "ClientAssertionCredential",
        ),
        ({"use_msi": True}, "ManagedIdentityCredential"),
        ({"use_default_azure_credential": True}, "DefaultAzureCredential"),
        ({}, "AzureCliCredential"),
    ],
)
def test_each_source_becomes_its_credential(given_settings: dict[str, Any], kind: str) -> None:
    assert type(credential(AzureSettings(**given_settings), PUBLIC)).__name__ == kind


@pytest.mark.parametrize(
    ("given_settings", "missing"),
    [
        ({"client_secret": "s", "client_id": "c"}, "ARM_TENANT_ID"),
        ({"use_oidc": True, "client_id": "c", "tenant_id": "t"}, "ARM_OIDC_TOKEN"),
    ],
)
def test_what_a_source_lacks_is_named(given_settings: dict[str, Any], missing: str) -> None:
    with pytest.raises(AzureError, match=missing):
        credential(AzureSettings(**given_settings), PUBLIC)


def test_a_plain_secret_is_never_sent_to_a_login_elsewhere() -> None:
    """The short way past azure-identity is for this machine only."""
    settings = AzureSettings(client_secret="s", client_id="c", tenant_id="t")
    assert isinstance(token_source(settings, PUBLIC, Http()), IdentityTokens)
    mixed = Cloud("Mixed", "https://127.0.0.1:1", "https://login.example.com", "local")
    with pytest.raises(AzureError, match="not on this machine"):
        ClientCredentials(settings, mixed, Http())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://127.0.0.1:8443", True),
        ("https://localhost", True),
        ("https://[::1]:1", True),
        ("https://127.0.0.1.example.com", False),
        ("https://example.com/127.0.0.1", False),
        ("https://127.0.0.1@example.com", False),
    ],
)
def test_only_this_machine_is_local(url: str, expected: bool) -> None:
    assert is_loopback(url) == expected


def test_an_operation_is_looked_at_again_after_azure_was_overloaded(
    arm: Arm, small_azure: SmallAzure
) -> None:
    arm.put(_WORKSPACE, "1", _BODY)
    started = arm.put(f"{_WORKSPACE}/onlineEndpoints/diabetes", "1", endpoint_body())
    small_azure.world.faults = [Fault("GET", "^/operations/", 503, "ServiceUnavailable", times=2)]
    assert arm.wait(started).json()["status"] == "Succeeded"


class _Network(Http):
    """Public Azure, over a network that is away for the first `away` looks at an operation."""

    def __init__(self, away: int) -> None:
        super().__init__()
        self.left = away

    def request(self, method: str, url: str, *, headers: Any = None, body: Any = None) -> Response:
        if self.left:
            self.left -= 1
            raise UnreachableError("the network is away")
        return Response(200, {}, b'{"status": "Succeeded"}', url)


class _Tokens:
    def token(self, scope: str) -> str:
        return "t"


@pytest.mark.parametrize(("away", "ends_well"), [(4, True), (5, False)])
def test_an_operation_outlives_a_network_that_is_away_for_a_while(
    away: int, ends_well: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm = Arm(AzureSettings(), cloud=PUBLIC, tokens=_Tokens(), http=_Network(away))
    monkeypatch.setattr(arm, "pause", lambda seconds: None)
    started = Response(202, {"azure-asyncoperation": "https://management.azure.com/operations/1"})
    if ends_well:
        assert arm.wait(started).json()["status"] == "Succeeded"
    else:
        with pytest.raises(UnreachableError):
            arm.wait(started)
