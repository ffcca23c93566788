"""Whatever is asked, by whoever may ask: an answer in Azure's shape, never a failure of the local Azure."""

import json
import re
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azml.emulator.base.identity import SUBSCRIPTION, issue_token
from tests.fixtures.control_plane import (
    ACCOUNT,
    ENDPOINT,
    GROUP,
    WORKSPACE,
    Answer,
    Client,
    deployment_body,
    endpoint_body,
)
from tests.fixtures.in_process import InProcessAzure

pytestmark = pytest.mark.thorough

FUZZ = settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
PROVIDERS = [
    "Microsoft.MachineLearningServices/workspaces",
    "Microsoft.MachineLearningServices/registries",
    "Microsoft.Storage/storageAccounts",
    "Microsoft.KeyVault/vaults",
    "Microsoft.Insights/components",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.ManagedIdentity/userAssignedIdentities",
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.ContainerRegistry/registries",
]
BELOW = [
    "onlineEndpoints/diabetes",
    "onlineEndpoints/diabetes/deployments/blue",
    "onlineEndpoints/new",
    "models/m/versions/1",
    "models/n/versions/2",
    "codes/c/versions/9",
    "environments/e/versions/7",
    "datastores/workspaceblobstore",
    "datastores/mine",
    "computes/c",
]
ACTIONS = [
    "listKeys",
    "regenerateKeys",
    "token",
    "getLogs",
    "startPendingUpload",
    "listSecrets",
    "regenerateKey",
]
VERBS = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS"]

words = (
    st.text(max_size=12)
    | st.text(st.characters(), max_size=6)
    | st.sampled_from(["..", ".", "", "%2e%2e", "a/b", "\0", "con", "x" * 500, "ü", " "])
)


def quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")


names = words.map(quoted)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | words
    | st.sampled_from(
        [
            ACCOUNT,
            WORKSPACE,
            ENDPOINT,
            10**30,
            1e999,
            "\ud800",
            "PT5S",
            "P",
            "azureml://x",
            "https://[",
            "Key",
        ]
    )
)
KEYS = re.findall(
    r"\w+",
    """
    location tags sku kind identity properties type userAssignedIdentities traffic mirrorTraffic
    authMode keys primaryKey compute capacity name model environmentId codeConfiguration codeId
    scoringScript instanceType endpointComputeType requestSettings requestTimeout livenessProbe
    initialDelay period failureThreshold scaleSettings environmentVariables modelUri codeUri
    modelType image condaFile build inferenceConfig subnets storageAccount keyVault tenantId
    datastoreType credentials secrets credentialsType accountName containerName isArchived flavors
    principalId roleDefinitionId keyType keyName tail containerType maxConcurrentRequestsPerInstance
    dataCollector containerResourceRequirements egressPublicNetworkAccess hash_sha256
    adminUserEnabled
""",
)
bodies = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | words, inner, max_size=6)
    ),
    max_leaves=20,
)
GOOD = [endpoint_body(), deployment_body(), {"location": "westeurope", "properties": {"modelUri": "x"}}]


@st.composite
def near_misses(draw: st.DrawFn) -> object:
    """A body that is taken, with one value somewhere in it put wrong."""
    body = json.loads(json.dumps(draw(st.sampled_from(GOOD))))
    place = body
    while isinstance(place, dict) and place:
        key = draw(st.sampled_from([*place, *KEYS]))
        if not isinstance(place.get(key), dict) or draw(st.booleans()):
            place[key] = draw(bodies)
            break
        place = place[key]
    return body


paths = st.one_of(
    st.builds(lambda below: f"{WORKSPACE}/{below}", st.sampled_from(BELOW)),
    st.builds(lambda kind, name: f"{GROUP}/providers/{kind}/{name}", st.sampled_from(PROVIDERS), names),
    st.builds(
        lambda below, name: f"{WORKSPACE}/{below.rpartition('/')[0]}/{name}", st.sampled_from(BELOW), names
    ),
    st.builds(
        lambda below, act: f"{WORKSPACE}/{below}/{act}", st.sampled_from(BELOW), st.sampled_from(ACTIONS)
    ),
    st.lists(names, max_size=7).map(lambda parts: "/subscriptions/" + "/".join(parts)),
    st.lists(names, max_size=5).map(lambda parts: f"/subscriptions/{SUBSCRIPTION}/" + "/".join(parts)),
    st.lists(names, max_size=5).map(lambda parts: "/" + "/".join(parts)),
    st.just(ACCOUNT),
    st.just(f"{ACCOUNT}/listKeys"),
)
queries = st.dictionaries(
    st.sampled_from(["api-version", "$top", "$orderBy", "hash", "listViewType", "$skip"]) | words,
    words,
    max_size=4,
).map(lambda told: "&".join(f"{quoted(name)}={quoted(value)}" for name, value in told.items()))


def check(answer: Answer) -> None:
    """A refusal is an object with code and message; nothing is a failure, and nothing shows a traceback."""
    assert answer.status < 500, answer.raw
    assert b"Traceback" not in answer.raw
    if answer.status >= 400 and answer.raw:
        if answer.headers["content-type"].startswith("application/xml"):
            assert b"<Code>" in answer.raw and b"<Message>" in answer.raw
        else:
            error = answer.body.get("error", answer.body)  # sign-in has a shape of its own
            assert isinstance(error, str) or "message" in error


def management(azure: Client, method: str, target: str, body: bytes) -> Answer:
    token, _ = issue_token(azure.identity, "https://management.azure.com")
    return azure.send(method, target, body, {"Authorization": f"Bearer {token}"})


@FUZZ
@given(
    method=st.sampled_from(VERBS),
    path=paths,
    query=queries,
    body=st.dictionaries(st.sampled_from(KEYS), bodies, max_size=6) | bodies,
)
def test_any_management_request(
    fuzzed: InProcessAzure, method: str, path: str, query: str, body: object
) -> None:
    target = f"{path}?api-version=2025-12-01&{query}"
    check(management(fuzzed, method, target, json.dumps(body).encode()))


@FUZZ
@given(method=st.sampled_from(["PUT", "PATCH"]), below=st.sampled_from(BELOW), body=near_misses())
def test_a_body_that_is_nearly_right(fuzzed: InProcessAzure, method: str, below: str, body: object) -> None:
    target = f"{WORKSPACE}/{below}?api-version=2025-12-01"
    check(management(fuzzed, method, target, json.dumps(body).encode()))


@FUZZ
@given(body=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="replace")))
def test_any_bytes_for_a_body(fuzzed: InProcessAzure, body: bytes) -> None:
    check(management(fuzzed, "PUT", f"{ENDPOINT}?api-version=2025-12-01", body))


@FUZZ
@given(
    method=st.sampled_from(VERBS),
    container=names,
    blob=st.lists(names, max_size=4).map("/".join),
    query=st.dictionaries(
        st.sampled_from(
            ["comp", "restype", "blockid", "prefix", "delimiter", "marker", "maxresults", "include"]
        ),
        st.sampled_from(["block", "blocklist", "metadata", "list", "container", "/", "0", "-1"]) | words,
        max_size=5,
    ),
    headers=st.dictionaries(
        st.sampled_from(
            [
                "x-ms-range",
                "range",
                "content-md5",
                "if-none-match",
                "x-ms-blob-type",
                "x-ms-version",
                "x-ms-meta-a",
                "x-ms-meta-\xfc",
                "x-ms-blob-content-type",
                "x-ms-copy-source",
                "if-match",
            ]
        ),
        st.sampled_from(
            ["bytes=5-1", "bytes=-1", "bytes=0-99999999999999999999", "*", "BlockBlob", "PageBlob", "\xff"]
        ),
        max_size=4,
    ),
    body=st.binary(max_size=60)
    | st.sampled_from([b"<BlockList/>", b"<!DOCTYPE x>", b"<BlockList><Latest>", b"<a"]),
)
def test_any_blob_request(
    fuzzed: InProcessAzure,
    method: str,
    container: str,
    blob: str,
    query: dict[str, str],
    headers: dict[str, str],
    body: bytes,
) -> None:
    token, _ = issue_token(fuzzed.identity, "https://storage.azure.com")
    text = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in query.items())
    workspace = fuzzed.arm("GET", WORKSPACE).body["properties"]["workspaceId"]
    own = f"azureml-blobstore-{workspace}" if len(container) % 2 else container
    safe = {
        name.encode("latin-1", "replace").decode("ascii", "replace").replace("�", "u"): value
        for name, value in headers.items()
    }
    target = f"/account1.blob.emulator/{own}/{blob}?{text}"
    check(fuzzed.send(method, target, body, {**safe, "Authorization": f"Bearer {token}"}))


@FUZZ
@given(
    path=st.sampled_from(
        [
            "/msi/token",
            "/t/oauth2/v2.0/token",
            "/metadata/endpoints",
            "/common/discovery/instance",
            "/t/v2.0/.well-known/openid-configuration",
            "/_azml/health",
            "/studio",
            "/studio/api/keys",
        ]
    ),
    method=st.sampled_from(VERBS),
    header=st.sampled_from(
        ["authorization", "x-identity-header", "content-length", "cookie", "origin", "host"]
    ),
    value=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30),
    body=st.binary(max_size=60),
)
def test_anybody_without_a_token(
    fuzzed: InProcessAzure, path: str, method: str, header: str, value: str, body: bytes
) -> None:
    check(fuzzed.send(method, path, body, {header: value}))
