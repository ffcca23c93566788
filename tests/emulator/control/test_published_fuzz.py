"""Bodies made from the published types, for every type there is: what can be read, and what nearly can."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from azml.emulator.control.arm.published import published
from tests.emulator.control.test_fuzz import check
from tests.emulator.published_bodies import right, wrong
from tests.fixtures.control_plane import GROUP, WORKSPACE, Answer, Json
from tests.fixtures.in_process import InProcessAzure

pytestmark = pytest.mark.thorough

BODIES = settings(
    max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
PARENTS = {
    "workspaces": "ws1",
    "storageAccounts": "account1",
    "blobServices": "default",
    "onlineEndpoints": "diabetes",
    "models": "m",
    "codes": "c",
    "environments": "e",
    "data": "d",
    "vaults": "vault1",
}
ML = "Microsoft.MachineLearningServices/workspaces"
TYPES = [
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.Insights/actionGroups",
    "Microsoft.Insights/autoscaleSettings",
    "Microsoft.Insights/components",
    "Microsoft.Insights/diagnosticSettings",
    "Microsoft.Insights/metricAlerts",
    "Microsoft.Insights/workbooks",
    "Microsoft.KeyVault/vaults",
    "Microsoft.KeyVault/vaults/keys",
    ML,
    f"{ML}/codes",
    f"{ML}/codes/versions",
    f"{ML}/data",
    f"{ML}/data/versions",
    f"{ML}/datastores",
    f"{ML}/environments",
    f"{ML}/environments/versions",
    f"{ML}/models",
    f"{ML}/models/versions",
    f"{ML}/onlineEndpoints",
    f"{ML}/onlineEndpoints/deployments",
    "Microsoft.ManagedIdentity/userAssignedIdentities",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/privateEndpoints",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.OperationalInsights/workspaces",
    "Microsoft.Storage/storageAccounts",
    "Microsoft.Storage/storageAccounts/blobServices/containers",
]
WRITES = [
    (kind, word) for kind in TYPES for word in ("PUT", "PATCH") if published().body(kind, word) is not None
]
ACTIONS = [
    (f"{WORKSPACE}/{below}", kind, word)
    for below, kind, word in (
        ("onlineEndpoints/diabetes", "onlineEndpoints", "regenerateKeys"),
        ("codes/c/versions/1", "codes/versions", "startPendingUpload"),
        ("datastores/workspaceblobstore", "datastores", "listSecrets"),
    )
]
_STATE = ("resources", "operations", "deleted", "quotas", "blobs", "activity")


@pytest.fixture(scope="module", autouse=True)
def unnoted(fuzzed: InProcessAzure) -> Iterator[None]:
    """These are no client's exchanges: members that only another version of a type knows are taken, too."""
    exchanges = fuzzed.control.parts.management.exchanges
    file, exchanges.file = exchanges.file, None
    yield
    exchanges.file = file


GUIDS = ("roleAssignments", "workbooks")
"""Types whose resources have GUIDs for names."""


def place_of(kind: str) -> str:
    """A resource of a type, below parents that exist."""
    provider, *levels = kind.split("/")
    *above, last = levels
    named = [f"{level}/{PARENTS[level]}" for level in above]
    name = "00000000-0000-0000-0000-0000000000aa" if last in GUIDS else "fuzzed"
    return "/".join(
        [f"{GROUP}/providers/{provider}", *named, f"{last}/{'1' if last == 'versions' else name}"]
    )


def state(azure: InProcessAzure) -> dict[str, list[Any]]:
    """All that is kept, but for the journal."""
    with closing(sqlite3.connect(f"file:{azure.folder / 'azure.db'}?mode=ro", uri=True)) as database:
        return {table: database.execute(f"SELECT * FROM {table}").fetchall() for table in _STATE}


def written(azure: InProcessAzure, method: str, path: str, body: Json) -> Answer:
    """The answer to a write, once what it began has ended."""
    answer = azure.arm(method, path, body)
    check(answer)
    if answer.status < 300 and "azure-asyncoperation" in answer.headers:
        azure.finished(answer)
    return answer


@BODIES
@given(data=st.data(), write=st.sampled_from(WRITES))
def test_a_body_of_the_published_type_is_read(
    fuzzed: InProcessAzure, data: st.DataObject, write: tuple[str, str]
) -> None:
    """Other rules may refuse it; then nothing has changed."""
    kind, method = write
    body = data.draw(right(published().body(kind, method) or ""))
    before = state(fuzzed)
    answer = written(fuzzed, method, place_of(kind), body)
    note(f"{answer.status} {answer.raw!r}")
    if answer.status >= 400:
        assert answer.code != "InvalidRequestContent"
        assert state(fuzzed) == before
    else:
        read = fuzzed.arm("GET", place_of(kind))
        assert read.status == 200
        assert json.loads(read.raw)["id"].lower() == place_of(kind).lower()


@BODIES
@given(data=st.data(), write=st.sampled_from(WRITES))
def test_a_body_with_one_thing_wrong_is_refused_and_changes_nothing(
    fuzzed: InProcessAzure, data: st.DataObject, write: tuple[str, str]
) -> None:
    kind, method = write
    body, what = data.draw(wrong(published().body(kind, method) or ""))
    if method == "PATCH" and what.endswith("is missing"):
        return  # a patch needs nothing
    before = state(fuzzed)
    answer = written(fuzzed, method, place_of(kind), body)
    assert 400 <= answer.status < 500, (what, answer.status, answer.raw)
    assert state(fuzzed) == before


@settings(BODIES, max_examples=40)
@given(data=st.data(), action=st.sampled_from(ACTIONS))
def test_an_action_with_one_thing_wrong_is_refused_and_changes_nothing(
    fuzzed: InProcessAzure, data: st.DataObject, action: tuple[str, str, str]
) -> None:
    path, below, word = action
    body, what = data.draw(wrong(published().body(f"{ML}/{below}", word) or ""))
    before = state(fuzzed)
    answer = fuzzed.arm("POST", f"{path}/{word}", body)
    check(answer)
    assert 400 <= answer.status < 500, (what, answer.status, answer.raw)
    assert state(fuzzed) == before
