"""Which tokens open a blob: those of storage's audience alone, and they open nothing else."""

import pytest

from azml.emulator.base.identity import issue_token
from tests.fixtures.control_plane import GROUP, WORKSPACE, build_workspace
from tests.fixtures.in_process import InProcessAzure


def tried(azure: InProcessAzure, audience: str) -> tuple[int, str]:
    """The status and Azure's code of a read of a blob that is not there."""
    token, _ = issue_token(azure.identity, audience)
    workspace = azure.arm("GET", WORKSPACE).body["properties"]["workspaceId"]
    path = f"/account1.blob.emulator/azureml-blobstore-{workspace}/x"
    answer = azure.send("GET", path, headers={"Authorization": f"Bearer {token}"})
    return answer.status, answer.headers.get("x-ms-error-code", "")


STORAGE = (
    "https://storage.azure.com",
    "https://storage.azure.com/",
    "https://account1.blob.core.windows.net",
)
OTHERS = (
    "https://management.azure.com/",
    "https://management.core.windows.net/",
    "https://ml.azure.com",
    "https://vault.azure.net",
    "https://account2.blob.core.windows.net",
    "https://account1.blob.core.windows.net.evil.example/x",
    "https://storage.azure.com.evil.example",
    "",
)


def test_blobs_are_opened_by_tokens_of_storages_audience_alone(inside: InProcessAzure) -> None:
    build_workspace(inside)
    for audience in STORAGE:
        assert tried(inside, audience) == (404, "BlobNotFound"), audience
    for audience in OTHERS:
        assert tried(inside, audience) == (401, "InvalidAuthenticationInfo"), audience


@pytest.mark.parametrize("audience", [*STORAGE, "https://ml.azure.com"])
def test_a_token_for_storage_or_scoring_opens_nothing_of_management(
    inside: InProcessAzure, audience: str
) -> None:
    token, _ = issue_token(inside.identity, audience)
    headers = {"Authorization": f"Bearer {token}"}
    answer = inside.send("GET", f"{GROUP}?api-version=2025-12-01", headers=headers)
    assert (answer.status, answer.code) == (401, "InvalidAuthenticationToken")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.e30.", "e30.W10.x", "e30.MQ.x", "ä.ö.ü"])
def test_what_is_no_token_is_refused(inside: InProcessAzure, token: str) -> None:
    build_workspace(inside)
    answer = inside.send(
        "GET",
        "/account1.blob.emulator/c/x",
        headers={"Authorization": f"Bearer {token}".encode().decode("latin-1")},
    )
    assert (answer.status, answer.headers["x-ms-error-code"]) == (403, "AuthenticationFailed")
