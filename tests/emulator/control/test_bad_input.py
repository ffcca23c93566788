"""Bad input that was found once, by fuzzing or by thought: each gets Azure's refusal and changes nothing."""

import json
import pickle
import zipfile
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest

from azml.emulator.base.identity import SUBSCRIPTION, issue_token
from azml.emulator.control.arm.json import DEPTH_LIMIT, parse_object, whole
from tests.fixtures.control_plane import (
    ENDPOINT,
    GROUP,
    VAULT,
    WORKSPACE,
    Answer,
    Client,
    ControlPlane,
    Json,
    build_workspace,
    deployment_body,
    endpoint_body,
)
from tests.fixtures.in_process import InProcessAzure

PROVIDERS = f"{GROUP}/providers"
IDENTITIES = f"{PROVIDERS}/Microsoft.ManagedIdentity/userAssignedIdentities"
BLUE = f"{ENDPOINT}/deployments/blue"
PLACED = {"location": "westeurope"}
DATASTORE = "azureml://datastores/workspaceblobstore/paths"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe{}",
        b'{"location": NaN}',
        b'{"location": 1e999}',
        b'{"location": -Infinity}',
        b'{"a": "\\ud800"}',
        b'{"location": "westeurope", "tags": {"a": "\xed\xa0\x80"}, "properties": {"authMode": "Key"}}',
        '{"location": "westeurope", "tags": {"a": "\\ud800"}}'.encode("utf-16"),
        b'{"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"a": ' + b"[" * (DEPTH_LIMIT + 1) + b"]" * (DEPTH_LIMIT + 1) + b"}",
        b'{"a": ' + b"9" * 5_000 + b"}",
        b"a=b&c=d",
    ],
)
def test_a_body_that_is_no_plain_json_object(workspace: ControlPlane, body: bytes) -> None:
    token, _ = issue_token(workspace.identity, "https://management.azure.com")
    headers = {"Authorization": f"Bearer {token}"}
    answer = workspace.send("PUT", f"{ENDPOINT}?api-version=2025-12-01", body, headers)
    assert (answer.status, answer.code) == (400, "InvalidRequestContent")


def test_json_that_is_fine_is_read() -> None:
    deep = b"[" * (DEPTH_LIMIT - 2) + b"]" * (DEPTH_LIMIT - 2)
    read = parse_object(b'{"a": ' + deep + b', "b": "\\ud83d\\ude00", "c": null, "d": 1e308}')
    assert read is not None
    assert (read["b"], read["d"], "c" in read) == ("\U0001f600", 1e308, False)


def test_a_number_in_a_query_is_ascii_and_bounded() -> None:
    assert [whole(text, 50) for text in ("7", "99", "9" * 5_000, "\u00b2", "-1", "", "1.0")] == [
        7,
        50,
        50,
        None,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    "version", ["", "banana", "2025-13-01", "1999-01-01", "2025-12-01-", "٢٠٢٥-01-01", "2025-12-01 or 1"]
)
def test_an_api_version_that_is_none(azure: ControlPlane, version: str) -> None:
    token, _ = issue_token(azure.identity, "https://management.azure.com")
    headers = {"Authorization": f"Bearer {token}"}
    answer = azure.send("GET", f"{GROUP}?api-version={quote(version)}", headers=headers)
    expected = "InvalidApiVersionParameter" if version else "MissingApiVersionParameter"
    assert (answer.status, answer.code) == (400, expected)


@pytest.mark.parametrize(
    "name", ["a%00", "%0a", "%3Cscript%3E", "a%3Fb", "a%25b", "dot.", "space%20", "x" * 261, "a%5Cb"]
)
def test_a_name_that_no_resource_may_have(workspace: ControlPlane, name: str) -> None:
    answer = workspace.arm("PUT", f"{IDENTITIES}/{name}", PLACED)
    assert (answer.status, answer.code) == (400, "InvalidResourceName")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (f"{IDENTITIES}/a", {**PLACED, "properties": [1]}, "InvalidRequestContent"),
        (f"{IDENTITIES}/a", {**PLACED, "tags": "x"}, "InvalidRequestContent"),
        (f"{IDENTITIES}/a", {"location": {"a": 1}}, "InvalidRequestContent"),
        (f"{IDENTITIES}/a", {"location": "../x"}, "LocationNotAvailableForResourceType"),
        (f"{WORKSPACE}2", {**PLACED, "identity": {"type": ["a"]}}, "InvalidRequestContent"),
        (
            f"{WORKSPACE}2",
            {**PLACED, "identity": {"type": "UserAssigned", "userAssignedIdentities": [VAULT]}},
            "InvalidRequestContent",
        ),
        (
            f"{WORKSPACE}/onlineEndpoints/new",
            {
                **endpoint_body(),
                "identity": {"type": "UserAssigned", "userAssignedIdentities": {VAULT: {}}},
            },
            "FailedIdentityOperation",
        ),
        (
            f"{WORKSPACE}/codes/q/versions/1",
            {"properties": {"codeUri": "https://x", "properties": "hash"}},
            "InvalidRequestContent",
        ),
        (
            f"{PROVIDERS}/Microsoft.Network/virtualNetworks/v",
            {**PLACED, "properties": {"subnets": ["x"]}},
            "InvalidRequestContent",
        ),
        (
            f"{PROVIDERS}/Microsoft.Network/virtualNetworks/v",
            {**PLACED, "properties": {"subnets": 7}},
            "InvalidRequestContent",
        ),
        (f"{PROVIDERS}/Microsoft.Compute/virtualMachines/v", PLACED, "InvalidResourceType"),
        (f"{GROUP}2/providers/Microsoft.KeyVault/vaults/v", PLACED, "ResourceGroupNotFound"),
        (f"{WORKSPACE}/jobs/j", PLACED, "InvalidResourceType"),
        (
            f"{WORKSPACE}2",
            {**PLACED, "properties": {"storageAccount": VAULT, "keyVault": VAULT}},
            "ValidationError",
        ),
        (
            f"{WORKSPACE}2",
            {**PLACED, "properties": {"storageAccount": [1], "keyVault": {}}},
            "InvalidRequestContent",
        ),
        (
            f"{WORKSPACE}/onlineEndpoints/new",
            {**PLACED, "properties": {"authMode": "Key", "keys": {"primaryKey": {"a": 1}}}},
            "InvalidRequestContent",
        ),
        (
            f"{WORKSPACE}/environments/q/versions/1",
            {"properties": {"image": {"a": 1}}},
            "InvalidRequestContent",
        ),
        (
            f"{WORKSPACE}/environments/q/versions/1",
            {"properties": {"image": "i", "condaFile": [1]}},
            "InvalidRequestContent",
        ),
        (f"{WORKSPACE}/models/q/versions/1", {"properties": {"modelUri": {"a": 1}}}, "InvalidRequestContent"),
        (BLUE, deployment_body(capacity=10**30), "InvalidInstanceCount"),
    ],
)
def test_a_body_of_the_wrong_shape(workspace: ControlPlane, path: str, body: Json, code: str) -> None:
    answer = workspace.arm("PUT", path, body)
    assert answer.status in (400, 404)
    assert answer.code == code
    assert workspace.arm("GET", path).status in (400, 404)


@pytest.mark.parametrize(
    "setting",
    [
        {
            "codeConfiguration": {
                "codeId": f"{WORKSPACE}/codes/c/versions/1",
                "scoringScript": "../../etc/passwd",
            }
        },
        {"codeConfiguration": {"codeId": f"{WORKSPACE}/codes/c/versions/1", "scoringScript": "/etc/passwd"}},
        {"codeConfiguration": {"codeId": f"{WORKSPACE}/codes/c/versions/1", "scoringScript": {"a": 1}}},
        {"environmentVariables": {"A=B": "c"}},
        {"environmentVariables": {"A": "b\0c"}},
        {"requestSettings": {"requestTimeout": 10**400}},
        {"requestSettings": {"requestTimeout": "P99999999999999999999D"}},
        {"requestSettings": {"requestTimeout": "P" + "9" * 400 + "D"}},
        {"requestSettings": "PT5S"},
        {"livenessProbe": {"period": -5}},
        {"livenessProbe": {"period": "PT0S"}},
        {"livenessProbe": {"initialDelay": "P" + "9" * 400 + "D"}},
        {"readinessProbe": {"timeout": 0.5}},
        {"environmentVariables": [{"name": "A", "value": "b"}]},
        {"readinessProbe": {"timeout": ["PT1S"]}},
        {"model": ["x"]},
        {"environmentId": "azureml://registries/azureml/environments/sklearn/versions/1"},
    ],
)
def test_a_deployment_with_a_setting_that_makes_no_sense(workspace: ControlPlane, setting: Json) -> None:
    assert workspace.arm("PUT", BLUE, deployment_body(**setting)).status == 400
    assert workspace.arm("GET", BLUE).status == 404


def deployed_from(azure: Client, uri: str) -> Json:
    """How a deployment ends whose model is at a URI."""
    version = f"{WORKSPACE}/models/hostile/versions/1"
    assert azure.arm("PUT", version, {"properties": {"modelUri": uri}}).status == 201
    return azure.finished(azure.arm("PUT", BLUE, deployment_body(model=version)))


@pytest.mark.parametrize(
    "uri",
    [
        "https://[",
        "file:///etc/passwd",
        "/etc/passwd",
        f"{DATASTORE}/../../x",
        "azureml://datastores/../paths/x",
        "azureml://subscriptions//workspaces//datastores/x/paths/y",
        "https://account1.blob.core.windows.net/%2e%2e/%2e%2e/etc",
        "https://127.0.0.1:1/account1.blob.emulator/../x",
        f"{DATASTORE}/" + "x" * 3_000,
        "\0",
    ],
)
def test_a_model_uri_that_leads_elsewhere(workspace: ControlPlane, uri: str) -> None:
    ended = deployed_from(workspace, uri)
    assert ended["status"] == "Failed"
    assert ended["error"]["code"] in ("InvalidAssetUri", "AssetFilesNotFound", "ResourceNotFound")


@pytest.mark.parametrize(
    "names",
    [["%2e%2e/%2e%2e/evil"], ["a", "a/b"], ["x" * 300], ["../evil"], ["/etc/evil"]],
    ids=["escaped dots", "a file that is a folder", "too long for a file", "dots", "absolute"],
)
def test_blobs_that_cannot_be_files_stay_blobs(workspace: ControlPlane, names: list[str]) -> None:
    container = container_of(workspace)
    for name in names:
        workspace.upload(container, f"hostile/model/{name}", b"x")
    ended = deployed_from(workspace, f"{DATASTORE}/hostile/model")
    inside = [path for path in workspace.folder.rglob("*") if path.name == "evil"]
    if (
        ended["status"] == "Succeeded"
    ):  # the client itself had resolved the dots, or the slash was one too many
        assert all((workspace.folder / "laid-out") in path.parents for path in inside)
    else:
        assert ended["error"]["code"] in ("InvalidAssetUri", "AssetFilesNotFound")
        assert inside == []
    assert not Path("/etc/evil").exists()
    assert not (workspace.folder.parent / "evil").exists()


class Trap:
    """Whoever unpickles it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def test_an_archive_and_a_pickle_are_bytes_and_are_never_opened(
    workspace: ControlPlane, tmp_path: Path
) -> None:
    """The model's folder has them just as they were sent; nothing was unpacked beside or outside."""
    archive, sprung = BytesIO(), tmp_path / "sprung"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writing:
        writing.writestr("../../../../escaped", "x")
        writing.writestr("bomb", bytes(10_000_000))
    files = {"model.zip": archive.getvalue(), "model.pkl": pickle.dumps(Trap(sprung))}
    for name, content in files.items():
        workspace.upload(container_of(workspace), f"tricks/model/{name}", content)
    assert deployed_from(workspace, f"{DATASTORE}/tricks/model")["status"] == "Succeeded"
    folder = Path(workspace.dataplane.named("blue")["model_folder"])
    assert {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == files
    assert not sprung.exists()
    assert not [path for path in workspace.folder.rglob("*") if path.name in ("escaped", "bomb")]


def container_of(azure: Client) -> str:
    return f"azureml-blobstore-{azure.arm('GET', WORKSPACE).body['properties']['workspaceId']}"


def blob(azure: Client, method: str, rest: str, body: bytes = b"", **headers: str) -> Answer:
    token, _ = issue_token(azure.identity, "https://storage.azure.com")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    target = f"/account1.blob.emulator/{container_of(azure)}{rest}"
    return azure.send(method, target, body, {**named, "Authorization": f"Bearer {token}"})


@pytest.mark.parametrize(
    ("method", "rest", "headers", "code"),
    [
        ("PUT", "/a%00b", {}, "InvalidResourceName"),
        ("PUT", "/%01%0b.txt", {}, "InvalidResourceName"),
        ("PUT", "/" + "n" * 1_025, {}, "InvalidResourceName"),
        ("PUT", "/a?comp=block&blockid=%00", {}, "InvalidQueryParameterValue"),
        ("PUT", "/a?comp=block", {}, "InvalidQueryParameterValue"),
        ("PUT", "/a", {"x_ms_meta_1a": "x"}, "InvalidMetadata"),
        ("PUT", "/a", {"x_ms_blob_type": "PageBlob"}, "InvalidHeaderValue"),
        ("PUT", "/a", {"content_md5": "nonsense"}, "Md5Mismatch"),
        ("PUT", "/a?comp=nonsense", {}, "UnsupportedOperation"),
        ("GET", "?restype=container&comp=list&prefix=%01", {}, "InvalidResourceName"),
        ("GET", "/models/1/model/weights.bin", {"x_ms_range": "bytes=99999999999999999999-"}, "InvalidRange"),
        ("GET", "/models/1/model/weights.bin", {"range": "bytes=-"}, "InvalidRange"),
        ("GET", "/models/1/model/weights.bin", {"range": f"bytes={'9' * 5_000}-"}, "InvalidRange"),
        ("GET", "/models/1/model/weights.bin", {"range": "bytes=0-1,3-4"}, "InvalidRange"),
    ],
)
def test_a_blob_request_out_of_range(
    workspace: ControlPlane, method: str, rest: str, headers: dict[str, str], code: str
) -> None:
    answer = blob(workspace, method, rest, b"x", **headers)
    assert 400 <= answer.status < 500
    assert answer.headers["x-ms-error-code"] == code
    assert list((workspace.folder / "blobs" / "incoming").iterdir()) == []


def test_an_upload_without_end_is_cut_off_and_leaves_nothing(
    inside: InProcessAzure, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_workspace(inside)
    monkeypatch.setattr("azml.emulator.control.storage.verbs.BLOB_LIMIT", 10)
    for rest in ("/big", "/big?comp=block&blockid=YQ=="):
        answer = blob(inside, "PUT", rest, bytes(11))
        assert (answer.status, answer.headers["x-ms-error-code"]) == (413, "RequestBodyTooLarge")
    assert blob(inside, "PUT", "/small", bytes(10)).status == 201
    assert list((inside.folder / "blobs" / "incoming").iterdir()) == []


def test_a_listing_counts_only_in_ascii_digits(workspace: ControlPlane) -> None:
    for count in ("%C2%B2", "-1", "0", "9" * 5_000):
        answer = blob(workspace, "GET", f"?restype=container&comp=list&maxresults={count}")
        assert b"<MaxResults>5000</MaxResults>" in answer.raw
    assert workspace.arm("GET", f"{WORKSPACE}/models", query="&$top=%C2%B2").status == 200


@pytest.mark.parametrize("length", ["x", "-1", "\u00b2", "9" * 30])
def test_a_sign_in_with_an_odd_length(inside: Client, length: str) -> None:
    headers = {"Content-Length": length.encode().decode("latin-1")}
    answer = inside.send("POST", "/t/oauth2/v2.0/token", b"grant_type=x", headers)
    assert (answer.status, json.loads(answer.raw)["error"]) == (400, "unsupported_grant_type")


def test_what_the_local_azure_has_not_is_said(azure: ControlPlane) -> None:
    for path in (
        "/providers",
        f"/subscriptions/{SUBSCRIPTION}/providers",
        f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices",
    ):
        answer = azure.arm("GET", path)
        assert answer.status == 400
        assert "resource providers" in answer.body["error"]["message"]


def test_methods_nobody_knows(azure: ControlPlane) -> None:
    for method in ("FOO", "PROPFIND", "LOCK"):
        answer = azure.arm(method, GROUP)
        assert answer.status in (400, 405)
        assert b"Traceback" not in answer.raw


def test_traffic_with_a_share_of_four_hundred_digits(workspace: ControlPlane) -> None:
    assert workspace.arm("PUT", ENDPOINT, endpoint_body({"blue": 10**400})).code == "InvalidTraffic"


def test_logs_of_more_lines_than_anybody_has(workspace: ControlPlane) -> None:
    workspace.done(workspace.arm("PUT", BLUE, deployment_body()))
    answer = workspace.arm("POST", f"{BLUE}/getLogs", {"tail": 10**40})
    assert answer.body["content"].startswith("inference-server 100000:")


@pytest.mark.parametrize("traffic", [["blue"], "blue=100", 100])
@pytest.mark.parametrize("name", ["traffic", "mirrorTraffic"])
def test_shares_that_are_no_object_leave_the_traffic_as_it_is(
    workspace: ControlPlane, name: str, traffic: object
) -> None:
    workspace.done(workspace.arm("PUT", BLUE, deployment_body()))
    workspace.done(workspace.arm("PUT", ENDPOINT, endpoint_body({"blue": 100})))
    properties = {"authMode": "Key", "traffic": {"blue": 100}, name: traffic}
    answer = workspace.arm("PUT", ENDPOINT, {**PLACED, "properties": properties})
    assert (answer.status, answer.code) == (400, "InvalidRequestContent")
    assert workspace.arm("GET", ENDPOINT).body["properties"]["traffic"] == {"blue": 100}


def test_shares_for_one_deployment_in_two_spellings(workspace: ControlPlane) -> None:
    """The router would have served half of the requests."""
    workspace.done(workspace.arm("PUT", BLUE, deployment_body()))
    answer = workspace.arm("PUT", ENDPOINT, endpoint_body({"blue": 50, "BLUE": 50}))
    assert (answer.status, answer.code) == (400, "InvalidTraffic")
