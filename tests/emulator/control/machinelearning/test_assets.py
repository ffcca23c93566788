"""Models, codes, environments and datastores: versions that stay what they are."""

import pytest

from tests.fixtures.control_plane import WORKSPACE, ControlPlane, build_workspace


@pytest.fixture
def assets(azure: ControlPlane) -> ControlPlane:
    build_workspace(azure)
    return azure


def put(azure: ControlPlane, path: str, **properties: object) -> tuple[int, str]:
    answer = azure.arm("PUT", f"{WORKSPACE}/{path}", {"properties": properties})
    return answer.status, answer.code if answer.status >= 400 else ""


def test_a_version_does_not_change_what_it_is(assets: ControlPlane) -> None:
    for path, first, other, refusal in (
        ("models/m/versions/1", {"modelUri": "azureml://a"}, {"modelUri": "azureml://b"}, (400, "UserError")),
        ("codes/c/versions/1", {"codeUri": "https://a"}, {"codeUri": "https://b"}, (400, "UserError")),
        ("environments/e/versions/1", {"image": "a"}, {"image": "a", "condaFile": "x"}, (409, "Conflict")),
    ):
        assert put(assets, path, **first) == (201, "")
        assert put(assets, path, **first, description="more") == (200, "")
        assert put(assets, path, **other) == refusal


def test_latest_is_the_one_created_last_and_next_the_first_free_number(assets: ControlPlane) -> None:
    for version in ("7", "3", "abc"):
        assert put(assets, f"models/m/versions/{version}", modelUri="azureml://a") == (201, "")
    put(assets, "models/m/versions/7", modelUri="azureml://a", description="written again")
    container = assets.arm("GET", f"{WORKSPACE}/models/m").body["properties"]
    assert (container["latestVersion"], container["nextVersion"]) == ("abc", "8")
    newest = assets.arm("GET", f"{WORKSPACE}/models/m/versions", query="&$orderBy=createdtime%20desc&$top=1")
    assert [version["name"] for version in newest.body["value"]] == ["abc"]


def test_versions_of_an_unknown_name_are_an_empty_list(assets: ControlPlane) -> None:
    assert assets.arm("GET", f"{WORKSPACE}/models/nobody/versions").body == {"value": []}
    assert assets.arm("GET", f"{WORKSPACE}/models/nobody").status == 404


def test_archived_versions_are_listed_only_when_asked(assets: ControlPlane) -> None:
    put(assets, "models/m/versions/1", modelUri="azureml://a", isArchived=True)
    put(assets, "models/m/versions/2", modelUri="azureml://a")
    for view, names in (("ActiveOnly", ["2"]), ("ArchivedOnly", ["1"]), ("All", ["1", "2"])):
        found = assets.arm("GET", f"{WORKSPACE}/models/m/versions", query=f"&listViewType={view}").body[
            "value"
        ]
        assert [version["name"] for version in found] == names


def test_an_asset_that_could_not_be_used_is_refused(assets: ControlPlane) -> None:
    assert put(assets, "models/m/versions/1")[0] == 400
    assert put(assets, "models/m/versions/1", modelUri="azureml://a", modelType="onnx")[0] == 400
    assert put(assets, "codes/c/versions/1")[0] == 400
    assert put(assets, "environments/e/versions/1")[0] == 400
    assert put(assets, "models/-m/versions/1", modelUri="azureml://a") == (400, "InvalidName")


def test_a_datastore_gives_its_secrets_by_their_own_action_only(assets: ControlPlane) -> None:
    secret = {"secretsType": "AccountKey", "key": "very-secret"}
    credentials = {"credentialsType": "AccountKey", "secrets": secret}
    named = {"datastoreType": "AzureBlob", "accountName": "account1", "containerName": "x"}
    assert put(assets, "datastores/mine", **named, credentials=credentials) == (201, "")
    shown = assets.arm("GET", f"{WORKSPACE}/datastores/mine")
    assert "very-secret" not in shown.raw.decode()
    assert shown.body["properties"]["accountName"] == "account1"
    assert assets.arm("POST", f"{WORKSPACE}/datastores/mine/listSecrets").body == secret
    assert "very-secret" not in str(assets.own("GET", "journal").body)


def test_a_workspace_needs_what_it_stands_on(assets: ControlPlane) -> None:
    body = {"location": "westeurope", "properties": {"storageAccount": "/subscriptions/x"}}
    refused = assets.arm("PUT", WORKSPACE.replace("ws1", "ws2"), body)
    assert (refused.status, refused.code) == (400, "ValidationError")
    assert assets.arm("GET", WORKSPACE.replace("ws1", "ws2")).status == 404


def test_a_default_datastore_that_is_read_and_put_back_is_the_same(assets: ControlPlane) -> None:
    path = f"{WORKSPACE}/datastores/workspaceblobstore"
    read = assets.arm("GET", path).body
    changed = {**read["properties"], "description": "ours"}
    assert assets.arm("PUT", path, {"properties": changed}).body["error"]["target"] == (
        "properties.credentials.secrets"
    )
    secretless = {"credentialsType": "AccountKey", "secrets": {"secretsType": "AccountKey"}}
    answer = assets.arm("PUT", path, {"properties": {**changed, "credentials": secretless}})
    assert answer.body["properties"] == changed
    assert assets.arm("POST", f"{path}/listSecrets", {}).status == 200


def test_a_datastore_keeps_its_secrets_only_with_credentials_of_their_kind(assets: ControlPlane) -> None:
    path = f"{WORKSPACE}/datastores/mine"
    keyed = {"credentialsType": "AccountKey", "secrets": {"secretsType": "AccountKey", "key": "k"}}
    properties = {"datastoreType": "AzureBlob", "accountName": "account1", "containerName": "c"}

    def secrets(**credentials: object) -> str:
        body = {"properties": {**properties, "credentials": credentials}}
        assert assets.arm("PUT", path, body).status in (200, 201)
        return str(assets.arm("POST", f"{path}/listSecrets", {}).body["secretsType"])

    assert secrets(**keyed) == "AccountKey"
    assert secrets(credentialsType="AccountKey", secrets={"secretsType": "AccountKey"}) == "AccountKey"
    assert secrets(credentialsType="None") == "Sas"
