"""What holds for every resource type, and for everybody who asks."""

import pytest

from azml.emulator.base.identity import CLIENT, TENANT, issue_token
from tests.emulator import bodies
from tests.fixtures.control_plane import (
    ACCOUNT,
    GROUP,
    WORKSPACE,
    ControlPlane,
    build_assets,
    build_workspace,
)

NAMESPACES = GROUP + "/providers/"


def test_a_child_without_its_parent_is_refused(azure: ControlPlane) -> None:
    assert azure.arm("PUT", ACCOUNT, {}).code == "ResourceGroupNotFound"
    azure.arm("PUT", GROUP, {"location": "westeurope"})
    assert azure.arm("PUT", f"{WORKSPACE}/onlineEndpoints/abc", {}).code == "ParentResourceNotFound"
    assert azure.arm("GET", f"{GROUP}2").code == "ResourceGroupNotFound"
    missing = azure.arm("GET", ACCOUNT)
    assert (missing.status, missing.code) == (404, "ResourceNotFound")
    assert azure.arm("GET", GROUP.replace("0001", "0009")).code == "SubscriptionNotFound"


def test_a_type_nobody_knows_and_a_path_that_is_none_are_refused(azure: ControlPlane) -> None:
    azure.arm("PUT", GROUP, {"location": "westeurope"})
    unknown = azure.arm("PUT", f"{NAMESPACES}Microsoft.Compute/virtualMachines/vm", {"location": "x"})
    assert (unknown.status, unknown.code) == (400, "InvalidResourceType")
    assert azure.arm("GET", "/subscriptions//x").status == 400
    assert azure.send("GET", "/nothing/here").status == 404


def test_a_location_is_needed_and_stays(azure: ControlPlane) -> None:
    assert azure.arm("PUT", GROUP, {}).code == "LocationRequired"
    assert azure.arm("PUT", GROUP, {"location": "westeurope"}).status == 201
    assert azure.arm("PUT", GROUP, {"location": "West Europe"}).status == 200
    assert azure.arm("PUT", GROUP, {"location": "eastus"}).code == "InvalidResourceLocation"


def test_a_patch_merges_and_replaces_tags(azure: ControlPlane) -> None:
    build_workspace(azure)
    azure.arm("PATCH", ACCOUNT, {"tags": {"a": "1"}, "properties": {"allowBlobPublicAccess": False}})
    answer = azure.arm("PATCH", ACCOUNT, {"tags": {"b": "2"}})
    assert (answer.status, answer.body["tags"]) == (200, {"b": "2"})
    assert answer.body["properties"]["allowBlobPublicAccess"] is False


def test_lists_hold_what_is_under_their_scope(azure: ControlPlane) -> None:
    build_workspace(azure)
    for scope in (GROUP, GROUP.partition("/resourceGroups")[0]):
        found = azure.arm("GET", f"{scope}/providers/Microsoft.Storage/storageAccounts").body["value"]
        assert [account["name"] for account in found] == ["account1"]
    containers = azure.arm("GET", f"{ACCOUNT}/blobServices/default/containers").body["value"]
    assert [container["name"].startswith("azureml-blobstore-") for container in containers] == [True]


def test_groups_are_listed_whatever_was_done_to_them(azure: ControlPlane) -> None:
    azure.arm("PUT", GROUP, {"location": "westeurope"})
    azure.arm("PUT", f"{GROUP}2", {"location": "westeurope"})
    azure.arm("PATCH", GROUP, {"tags": {"a": "b"}})
    listed = azure.arm("GET", GROUP.rpartition("/")[0].replace("Groups", "groups")).body["value"]
    assert [group["name"] for group in listed] == ["rg", "rg2"]
    azure.done(azure.arm("DELETE", f"{GROUP}2"))


def test_a_type_is_spelt_as_azure_does_however_it_was_asked_for(azure: ControlPlane) -> None:
    made = azure.arm("PUT", GROUP, {"location": "westeurope"}).body
    assert made["type"] == azure.arm("GET", GROUP).body["type"] == "Microsoft.Resources/resourceGroups"
    path = f"{NAMESPACES}microsoft.managedidentity/USERassignedidentities/me"
    made = azure.arm("PUT", path, {"location": "westeurope"}).body
    assert made == azure.arm("GET", path).body
    assert made["type"] == "Microsoft.ManagedIdentity/userAssignedIdentities"


def test_deleting_a_group_takes_everything_along(azure: ControlPlane) -> None:
    build_workspace(azure)
    build_assets(azure)
    azure.done(azure.arm("DELETE", GROUP))
    assert azure.arm("GET", GROUP).status == 404
    azure.own("DELETE", "deleted")
    build_workspace(azure)
    assert azure.arm("GET", f"{WORKSPACE}/models").body["value"] == []
    assert not list((azure.folder / "blobs").glob("??/*")), "blobs went too"


def test_resources_keep_what_azure_made_up_for_them(azure: ControlPlane) -> None:
    build_workspace(azure)
    cases: dict[str, tuple[dict[str, object], str]] = {
        "Microsoft.Insights/components/ai": (bodies.COMPONENT, "ConnectionString"),
        "Microsoft.OperationalInsights/workspaces/log": ({}, "customerId"),
        "Microsoft.ManagedIdentity/userAssignedIdentities/me": ({}, "principalId"),
        "Microsoft.KeyVault/vaults/vault1": (bodies.VAULT, "vaultUri"),
        "Microsoft.ContainerRegistry/registries/acr": (bodies.REGISTRY, "loginServer"),
    }
    for path, (body, name) in cases.items():
        first = azure.arm("PUT", NAMESPACES + path, {"location": "westeurope", **body})
        again = azure.arm("PUT", NAMESPACES + path, {"location": "westeurope", **body, "tags": {"x": "y"}})
        assert first.status < 300, first.raw
        assert first.body["properties"][name] == again.body["properties"][name]
    log = NAMESPACES + "Microsoft.OperationalInsights/workspaces/log"
    assert set(azure.arm("POST", f"{log}/sharedKeys").body) == {"primarySharedKey", "secondarySharedKey"}


def test_a_managed_identity_keeps_its_principal(azure: ControlPlane) -> None:
    build_workspace(azure)
    user = f"{NAMESPACES}Microsoft.ManagedIdentity/userAssignedIdentities/me"
    principal = azure.arm("PUT", user, {"location": "westeurope"}).body["properties"]["principalId"]
    asked = {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {user: {}}}
    stands_on = azure.arm("GET", WORKSPACE).body["properties"]
    body = {"location": "westeurope", "identity": asked, "properties": stands_on}
    first, again = (azure.arm("PUT", WORKSPACE, body).body["identity"] for _ in range(2))
    assert first == again
    assert first["userAssignedIdentities"][user]["principalId"] == principal


def test_the_same_grant_twice_is_a_conflict(azure: ControlPlane) -> None:
    build_workspace(azure)
    grant = {"properties": {"principalId": "p", "roleDefinitionId": "r"}}
    base = (
        f"{WORKSPACE}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-0000-0000-00000000000"
    )
    first = azure.arm("PUT", f"{base}1", grant)
    assert (first.status, first.body["properties"]["scope"]) == (201, WORKSPACE)
    assert azure.arm("PUT", f"{base}2", grant).code == "RoleAssignmentExists"


def test_a_grant_below_a_scope_is_none_at_the_scope_and_does_not_change(azure: ControlPlane) -> None:
    build_workspace(azure)
    grant = {"properties": {"principalId": "p", "roleDefinitionId": "r"}}
    name = "/providers/Microsoft.Authorization/roleAssignments/00000000-0000-0000-0000-00000000000"
    assert azure.arm("PUT", f"{WORKSPACE}{name}1", grant).status == 201
    assert azure.arm("PUT", f"{GROUP}{name}2", grant).status == 201
    other = {"properties": {"principalId": "q", "roleDefinitionId": "r"}}
    answer = azure.arm("PUT", f"{GROUP}{name}2", other)
    assert (answer.status, answer.code) == (409, "RoleAssignmentUpdateNotPermitted")
    assert azure.arm("PUT", f"{GROUP}{name}2", grant).status == 200


def test_without_a_good_token_nothing_is_told(azure: ControlPlane) -> None:
    scoring, _ = issue_token(azure.identity, "https://ml.azure.com")
    path = f"{GROUP}?api-version=1"
    for header in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Bearer {scoring}"}):
        answer = azure.send("GET", path, headers=header)
        assert (answer.status, "code" in answer.body["error"]) == (401, True)
    for path in ("health", "environment", "journal"):
        assert azure.send("GET", f"/_azml/{path}").status == 401


def test_another_host_than_its_own_is_refused(azure: ControlPlane) -> None:
    path = "/metadata/endpoints?api-version=2022-09-01"
    assert azure.send("GET", path, headers={"Host": f"evil.example:{azure.port}"}).status == 421
    assert azure.send("GET", path, headers={"Host": f"localhost:{azure.port}"}).status == 200


def test_the_metadata_has_the_shape_its_reader_expects(azure: ControlPlane) -> None:
    old = azure.send("GET", "/metadata/endpoints?api-version=2019-05-01").body
    new = azure.send("GET", "/metadata/endpoints?api-version=2022-09-01").body
    assert old == [new]
    assert new["resourceManager"] == new["authentication"]["loginEndpoint"] == azure.url


def test_a_token_is_given_for_the_right_secret_only(azure: ControlPlane) -> None:
    path = f"/{TENANT}/oauth2/v2.0/token"
    form = f"grant_type=client_credentials&client_id={CLIENT}&scope={azure.url}/.default&client_secret="
    assert azure.send("POST", path, f"{form}wrong".encode()).status == 401
    good = azure.send("POST", path, f"{form}{azure.identity.client_secret}".encode())
    headers = {"Authorization": f"Bearer {good.body['access_token']}"}
    subscription = GROUP.partition("/resourceGroups")[0]
    assert azure.send("GET", f"{subscription}?api-version=2022-12-01", headers=headers).status == 200


def test_the_journal_tells_the_writes_in_order(azure: ControlPlane) -> None:
    before = len(azure.own("GET", "journal").body)
    azure.arm("PUT", GROUP, {"location": "westeurope"})
    azure.arm("GET", GROUP)
    azure.arm("PUT", GROUP, {"location": "eastus"})
    entries = azure.own("GET", "journal").body[before:]
    assert [(entry["method"], entry["path"], entry["status"]) for entry in entries] == [
        ("PUT", GROUP, 201),
        ("PUT", GROUP, 409),
    ]
    assert entries[0]["body"] == {"location": "westeurope"}


def test_the_journal_keeps_no_signature(azure: ControlPlane) -> None:
    build_workspace(azure)
    signed = "https://a.blob.core.windows.net/c/x?sv=2026-01-01&sig=abc%2Bdef&se=1"
    azure.arm("PUT", f"{WORKSPACE}/codes/signed/versions/1", {"properties": {"codeUri": signed}})
    body = azure.own("GET", "journal").body[-1]["body"]
    assert body["properties"]["codeUri"] == signed.replace("abc%2Bdef", "***")


def test_a_fault_happens_as_often_as_asked(azure: ControlPlane) -> None:
    fault = {"method": "PUT", "path_pattern": "resourcegroups/rg$", "status": 400, "code": "Said", "times": 2}
    assert azure.own("POST", "faults", fault).status == 204
    codes = [azure.arm("PUT", GROUP, {"location": "westeurope"}).status for _ in range(3)]
    assert codes == [400, 400, 201]
    assert azure.own("POST", "faults", {"path_pattern": "("}).status == 400


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b"7"])
def test_a_body_that_is_no_object_is_refused(azure: ControlPlane, body: bytes) -> None:
    token, _ = issue_token(azure.identity, "https://management.azure.com")
    headers = {"Authorization": f"Bearer {token}"}
    answer = azure.send("PUT", f"{GROUP}?api-version=1", body, headers)
    assert (answer.status, answer.code) == (400, "InvalidRequestContent")


def test_a_kill_loses_nothing_that_was_answered(azure: ControlPlane) -> None:
    build_workspace(azure)
    before = azure.arm("GET", WORKSPACE).body
    azure.kill()
    azure.start()
    assert azure.arm("GET", WORKSPACE).body == before


def test_what_is_stored_is_for_its_owner_alone(azure: ControlPlane) -> None:
    build_workspace(azure)
    # A container's own user reads what is laid out for it: the folder around is private, not its files.
    laid_out = azure.folder / "laid-out"
    assert not laid_out.stat().st_mode & 0o077
    kept = [path for path in azure.folder.rglob("*") if path.is_file() and not path.is_relative_to(laid_out)]
    loose = [path for path in kept if path.stat().st_mode & 0o077]
    assert {path.suffix for path in loose} <= {".lock"}
