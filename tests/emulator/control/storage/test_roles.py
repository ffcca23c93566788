"""Who may touch a blob with a token, and with a key where keys are refused."""

from urllib.parse import quote

from azml.emulator.base.identity import issue_token
from azml.emulator.control.storage.roles import BLOB_CONTRIBUTOR, BLOB_READER
from tests.fixtures.control_plane import ACCOUNT, GROUP, WORKSPACE, build_workspace, grant
from tests.fixtures.in_process import InProcessAzure

OTHER = "99999999-0000-0000-0000-000000000000"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"


def tried(azure: InProcessAzure, method: str, principal: str = OTHER, name: str = "x") -> tuple[int, str]:
    """The status and Azure's code."""
    token, _ = issue_token(azure.identity, "https://storage.azure.com", principal)
    workspace = azure.arm("GET", WORKSPACE).body["properties"]["workspaceId"]
    path = f"/account1.blob.emulator/azureml-blobstore-{workspace}/{name}"
    headers = {"Host": "127.0.0.1:1", "Authorization": f"Bearer {token}"}
    answer = azure.send(method, path, b"1" if method == "PUT" else b"", headers)
    return answer.status, answer.headers.get("x-ms-error-code", "")


REFUSED = (403, "AuthorizationPermissionMismatch")


def test_a_token_opens_what_its_principal_has_a_data_role_for(inside: InProcessAzure) -> None:
    """Roles of the management side are none; a role above the container is one; a reader reads."""
    build_workspace(inside)
    grant(inside, OWNER, OTHER)
    assert tried(inside, "PUT") == REFUSED
    assert tried(inside, "GET") == REFUSED
    reader = grant(inside, BLOB_READER, OTHER, GROUP)
    assert tried(inside, "GET") == (404, "BlobNotFound")
    assert tried(inside, "PUT") == REFUSED
    inside.done(inside.arm("DELETE", reader))
    assert tried(inside, "GET") == REFUSED
    grant(inside, BLOB_CONTRIBUTOR, OTHER)
    assert tried(inside, "PUT")[0] == 201


def test_a_role_can_be_honoured_late(inside: InProcessAzure) -> None:
    build_workspace(inside)
    lag = {"path_pattern": "roleAssignments", "method": "PUT", "reads": 2}
    assert inside.own("POST", "lags", lag).status == 204
    grant(inside, BLOB_CONTRIBUTOR, OTHER)
    assert [tried(inside, "PUT")[0] for _ in range(3)] == [403, 403, 201]


def test_an_account_without_shared_keys_takes_neither_them_nor_signatures(inside: InProcessAzure) -> None:
    build_workspace(inside)
    account = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    inside.done(inside.arm("PUT", ACCOUNT, {**account, "properties": {"allowSharedKeyAccess": False}}))
    place = "/account1.blob.emulator/c/x"
    for path, more in ((place, {"Authorization": "SharedKey account1:x"}), (f"{place}?sr=c&sp=r&sig=x", {})):
        answer = inside.send("GET", path, headers={"Host": "127.0.0.1:1", **more})
        code = answer.headers["x-ms-error-code"]
        assert (answer.status, code) == (403, "KeyBasedAuthenticationNotPermitted")
    grant(inside, BLOB_CONTRIBUTOR, OTHER)
    assert tried(inside, "PUT")[0] == 201


def test_assignments_are_listed_by_principal(inside: InProcessAzure) -> None:
    build_workspace(inside)
    grant(inside, BLOB_READER, OTHER)
    place = f"{ACCOUNT}/providers/Microsoft.Authorization/roleAssignments"
    for asked in (f"assignedTo('{OTHER}')", f"principalId eq '{OTHER}'"):
        query = f"&$filter={quote(asked)}"
        found = inside.arm("GET", place, query=query).body["value"]
        assert [each["properties"]["principalId"] for each in found] == [OTHER]
