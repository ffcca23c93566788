"""What stands, what holds a name, and what is purged: judged over what Azure would answer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from azml.azure import arm as sessions
from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION
from azml.azure.errors import AzureError
from azml.azure.http import Response
from azml.azure.settings import AzureSettings
from azml.engine_values import Properties
from azml.providers import calls
from azml.providers.azml.live_slots import LiveSlots
from azml.providers.azml.live_state import live_state
from azml.providers.azml.package import Azml
from azml.providers.azml.purge import PurgeOnDelete
from azml.providers.calls import ProviderError
from azml.providers.engine_log import EngineLog
from azml.rollout.journals.document import Document, Head, text_of
from azml.rollout.journals.journal import (
    Asked,
    Confirmed,
    Entered,
    Entry,
    Intended,
    Shares,
    Started,
    Written,
)
from azml.rollout.plan import Plan, TrafficStep
from tests.fixtures.small_azure import Fault, SmallAzure

GROUP = "/subscriptions/s/resourceGroups/rg"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ws"
ENDPOINT = f"{WORKSPACE}/onlineEndpoints/e"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"
DELETED = "/subscriptions/s/providers/Microsoft.KeyVault/deletedVaults"
ACTIVITY = "/subscriptions/s/providers/Microsoft.Insights/eventtypes/management/values"
NOW = datetime.now(UTC)


class Azure(Arm):
    """Answers GETs from a table, and notes what else it is asked."""

    def __init__(self, there: Mapping[str, Any]) -> None:
        super().__init__(AzureSettings())
        self.there = there
        self.read: list[str] = []
        self.done: list[str] = []

    def get(
        self, path: str, api_version: str, query: Mapping[str, str] | None = None
    ) -> dict[str, Any] | None:
        self.read.append(path)
        found = self.there.get(path)
        if isinstance(found, Exception):
            raise found
        return None if found is None else dict(found)

    def delete(self, path: str, api_version: str, query: Mapping[str, str] | None = None) -> None:
        assert query == {"forceToPurge": "true"}
        self.done.append(path)

    def post(self, path: str, api_version: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        self.done.append(path)
        return {}


def events(*given: tuple[str, str, float]) -> dict[str, Any]:
    """An activity log: operation, status and days ago of each event."""
    return {
        "value": [
            {
                "operationName": {"value": f"Microsoft.MachineLearningServices/workspaces/{operation}"},
                "status": {"value": status},
                "eventTimestamp": (NOW - timedelta(days=days)).isoformat().replace("+00:00", "Z"),
            }
            for operation, status, days in given
        ]
    }


def deleted(*names: str, group: str = GROUP, **more: object) -> dict[str, Any]:
    """Vaults as Azure lists the deleted ones."""
    return {
        "value": [
            {
                "id": f"{DELETED}/{name}",
                "name": name,
                "properties": {
                    "vaultId": f"{group}/providers/Microsoft.KeyVault/vaults/{name}",
                    "location": "westeurope",
                    "scheduledPurgeDate": "2027-01-01T00:00:00Z",
                    **more,
                },
            }
            for name in names
        ]
    }


def ask(arm: Arm, arguments: Properties) -> Properties:
    return live_state(arm, LiveSlots(arm, EngineLog(None)).refused, arguments)


def held(azure: Azure, **asked: str) -> list[str]:
    return [one["id"] for one in ask(azure, {"ids": [], **asked})["reserved"]]


def test_what_exists_is_told_without_what_opens_anything() -> None:
    body = {
        "location": "westeurope",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {"/u": {"principalId": "p"}}},
        "properties": {
            "storageAccount": ACCOUNT,
            "ConnectionString": "secret",
            "provisioningState": "Succeeded",
        },
    }
    found = ask(Azure({WORKSPACE: body, ACCOUNT: {}}), {"ids": [GROUP, WORKSPACE, VAULT]})["found"]
    assert found.keys() == {WORKSPACE, ACCOUNT}, "the storage account comes along"
    assert found[WORKSPACE]["identity"] == {"type": "UserAssigned", "users": ["/u"]}
    assert found[WORKSPACE]["properties"] == {"storageAccount": ACCOUNT}
    assert found[WORKSPACE]["state"] == "Succeeded"


def test_a_deployment_is_told_with_its_size() -> None:
    """A size that Azure makes no more is refused to those that do not have it."""
    blue = f"{ENDPOINT}/deployments/blue"
    body = {"properties": {"instanceType": "Standard_D2as_v4", "provisioningState": "Succeeded"}}
    found = ask(Azure({blue: body}), {"ids": [blue]})["found"]
    assert found[blue]["properties"] == {"instanceType": "Standard_D2as_v4"}


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"ids": ["no id"]},
        {"ids": [1]},
        {"ids": ["/subscriptions/s"]},
        *({"ids": [], "versions": wrong} for wrong in ("/one", [1], ["no-id"])),
        *({"ids": [], "workspace": wrong} for wrong in ("no id", 1)),
    ],
)
def test_what_is_no_id_of_a_known_type_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(ProviderError, match="ARM ids"):
        ask(Azure({}), asked)


@pytest.mark.parametrize("serves", [[ENDPOINT], {ENDPOINT: "blue"}, {ENDPOINT: {"blue": {"digest": "d"}}}])
def test_what_slots_are_to_serve_is_asked_of_endpoints_that_are_read(serves: Any) -> None:
    with pytest.raises(ProviderError, match="serves takes"):
        ask(Azure({}), {"ids": [ENDPOINT], "serves": serves})


def test_another_function_is_refused_with_the_likely_one() -> None:
    with pytest.raises(ProviderError, match="liveState"):
        Azml().invoke("azml:index:liveStat", {}, preview=True)


def test_each_resource_is_read_once_whatever_is_asked_of_it() -> None:
    """Its facts, what has to be tried again, and whether a live slot would change."""
    blue, version = f"{ENDPOINT}/deployments/blue", f"{WORKSPACE}/models/m/versions/1"
    endpoint = {"properties": {"traffic": {"blue": 100}, "provisioningState": "Failed"}}
    azure = Azure(
        {
            WORKSPACE: {},
            ENDPOINT: endpoint,
            blue: {"tags": {"azml-serves": "old"}},
            version: {"properties": {}},
        }
    )
    answer = ask(
        azure,
        {
            "ids": [GROUP, WORKSPACE, ENDPOINT, blue],
            "versions": [version, f"{version}2"],
            "serves": {ENDPOINT: {"blue": {"digest": "new"}}},
            "workspace": WORKSPACE,
        },
    )
    assert len(azure.read) == len(set(azure.read)) == 6
    assert answer["registered"] == [version]
    assert answer["found"].keys() == {WORKSPACE, ENDPOINT, blue}
    assert (answer["found"][ENDPOINT]["retry"], answer["found"][blue]["retry"]) == ("failed", None)
    (reason,) = answer["refused"][ENDPOINT]
    assert "AZML_ALLOW_LIVE_CHANGE=e before the command" in reason


BLOBS = "https://127.0.0.1:1"


def journal(*since: Entry) -> bytes:
    """The journal of a rollout from blue to green that is in its first step, and what happened since."""
    plan = Plan((TrafficStep(100, 60.0, ()),))
    head = Head(1, "e", "blue", "green", "new", text_of(plan))
    entries = Started(0.0, Shares(100, 0)), Entered(1.0, 0), *since
    return Document(head).plus(*entries).text.encode()


def with_journal(monkeypatch: pytest.MonkeyPatch, answer: Response) -> tuple[Azure, Properties]:
    """An endpoint whose slots blue and green serve `old`, and the question whether green may serve `new`."""
    slots = {f"{ENDPOINT}/deployments/{name}": {"tags": {"azml-serves": "old"}} for name in ("blue", "green")}
    azure = Azure(
        {
            WORKSPACE: {"properties": {"storageAccount": ACCOUNT}},
            ACCOUNT: {"properties": {"primaryEndpoints": {"blob": f"{BLOBS}/"}}},
            ENDPOINT: {"properties": {"traffic": {"blue": 100}}},
            **slots,
        }
    )
    asked: list[str] = []
    monkeypatch.setattr(azure, "token", lambda scope=None: "token")

    def request(method: str, url: str, **rest: object) -> Response:
        asked.append(url)
        return replace(answer, url=url)

    monkeypatch.setattr(azure.http, "request", request)
    serves = {"blue": {"digest": "old"}, "green": {"digest": "new"}}
    reply = ask(
        azure,
        {
            "ids": [WORKSPACE, ENDPOINT, *slots],
            "workspace": WORKSPACE,
            "serves": {ENDPOINT: serves},
            "rollouts": [ENDPOINT],
        },
    )
    assert asked == [f"{BLOBS}/azml-rollouts/ws/e/latest.json"]
    return azure, reply


ABORTED = (
    Asked(2.0, "abort", "somebody"),
    Intended(3.0, Shares(100, 0)),
    Written(4.0),
    Confirmed(5.0),
)
DATED = {"date": "Thu, 01 Jan 1970 00:01:00 GMT", "etag": "1"}


def test_an_unfinished_rollout_holds_its_idle_slot_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked of its journal, once; the refusal says how it stands and the way out."""
    azure, given = with_journal(monkeypatch, Response(200, DATED, journal()))
    assert len(azure.read) == len(set(azure.read))
    (reason,) = given["refused"][ENDPOINT]
    assert reason.startswith("green is part of a rollout that is not finished")
    assert "azml rollout abort e" in reason
    assert given["rollouts"][ENDPOINT] in reason


@pytest.mark.parametrize(
    "answer",
    [
        Response(200, DATED, b""),
        Response(403, {"x-ms-error-code": "AuthorizationPermissionMismatch"}),
    ],
)
def test_a_journal_that_cannot_be_read_refuses_nothing_and_is_told(
    monkeypatch: pytest.MonkeyPatch, answer: Response
) -> None:
    _, reply = with_journal(monkeypatch, answer)
    assert reply["refused"] == {}
    assert "is not known" in reply["rollouts"][ENDPOINT]


@pytest.mark.parametrize(
    "answer",
    [
        Response(404, {"x-ms-error-code": "ContainerNotFound"}),
        Response(404, {"x-ms-error-code": "BlobNotFound"}),
        Response(200, DATED, journal(*ABORTED)),
    ],
)
def test_what_has_not_begun_or_has_ended_holds_nothing(
    monkeypatch: pytest.MonkeyPatch, answer: Response
) -> None:
    _, reply = with_journal(monkeypatch, answer)
    assert (reply["refused"], reply["rollouts"]) == ({}, {})


def test_all_that_exist_are_told_however_many_there_are(arm: sessions.Arm) -> None:
    there = [f"{WORKSPACE}/models/m/versions/{number}" for number in range(20)]
    arm.put(WORKSPACE, API_VERSION, {"location": "westeurope", "properties": {"workspaceId": "w-1"}})
    for version in there:
        arm.put(version, API_VERSION, {"properties": {}})
    missing = [f"{WORKSPACE}/codes/c/versions/1", f"{WORKSPACE}0/models/m/versions/1"]
    answer = ask(arm, {"ids": [WORKSPACE, ENDPOINT], "versions": [*there, *missing]})
    assert answer["registered"] == there
    assert list(answer["found"]) == [WORKSPACE]
    assert answer["found"][WORKSPACE]["properties"]["workspaceId"] == "w-1"


def test_a_refusal_is_not_taken_for_a_version_that_is_missing(
    arm: sessions.Arm, small_azure: SmallAzure
) -> None:
    small_azure.world.faults.append(Fault("GET", "/versions/1", 403, "AuthorizationFailed"))
    with pytest.raises(AzureError, match="AuthorizationFailed"):
        ask(arm, {"ids": [], "versions": [f"{WORKSPACE}/models/m/versions/1"]})


@pytest.mark.parametrize(
    ("log", "is_held"),
    [
        (events(("delete", "Succeeded", 1), ("delete", "Started", 1), ("write", "Succeeded", 2)), True),
        (events(("delete", "Succeeded", 1)), True),
        (events(("delete", "Succeeded", 0.5), ("delete", "Succeeded", 1), ("write", "Succeeded", 2)), False),
        (events(("delete", "Failed", 1), ("write", "Succeeded", 2)), False),
        (events(("write", "Succeeded", 1), ("delete", "Succeeded", 2)), False),
        (events(), False),
        (AzureError("AuthorizationFailed", status=403), False),
    ],
)
def test_a_workspace_that_was_deleted_once_holds_its_name(log: Any, is_held: bool) -> None:
    """A second delete is its purge. Who may not read the log is not kept from anything."""
    assert held(Azure({ACTIVITY: log}), workspace=WORKSPACE) == ([WORKSPACE] if is_held else [])


def test_a_workspace_that_is_there_is_not_looked_for_among_the_deleted() -> None:
    azure = Azure({WORKSPACE: {}, ACTIVITY: events(("delete", "Succeeded", 1))})
    assert held(azure, workspace=WORKSPACE) == []


def test_a_vaults_name_is_held_wherever_it_was_deleted() -> None:
    elsewhere = deleted("KV", group="/subscriptions/s/resourceGroups/other")
    assert held(Azure({DELETED: elsewhere}), vault=VAULT) == [VAULT]
    assert held(Azure({DELETED: deleted("kv2")}), vault=VAULT) == []
    assert held(Azure({DELETED: deleted("kv"), VAULT: {}}), vault=VAULT) == []
    assert held(Azure({DELETED: AzureError("AuthorizationFailed", status=403)}), vault=VAULT) == []


def purged(azure: Azure, **inputs: str) -> list[str]:
    call = calls.Delete("urn", "type", WORKSPACE, {"workspaceId": WORKSPACE, **inputs}, {})
    PurgeOnDelete(azure, EngineLog(None)).delete(call)
    return azure.done


def test_only_what_the_stack_has_deleted_is_purged() -> None:
    """By name, or as azure-native names it: the prefix and eight hex digits, in the group of the stack."""
    there = deleted("kvws0a1b2c3d", "kvws0a1b2c3", "kvwsother", "kvws", "mine")
    place = f"{DELETED}/kvws0a1b2c3d/purge"
    assert purged(Azure({DELETED: there}), vaultPrefix="kvws") == [WORKSPACE, place]
    assert purged(Azure({DELETED: there}), vaultName="mine") == [WORKSPACE, f"{DELETED}/mine/purge"]
    assert purged(Azure({DELETED: there})) == [WORKSPACE], "a vault of somebody else's"
    other = deleted("mine", group="/subscriptions/s/resourceGroups/other")
    assert purged(Azure({DELETED: other}), vaultName="mine") == [WORKSPACE]
    assert purged(Azure({DELETED: deleted("mine", purgeProtectionEnabled=True)}), vaultName="mine") == [
        WORKSPACE
    ]


def test_who_may_not_purge_vaults_still_gets_rid_of_the_stack() -> None:
    assert purged(Azure({DELETED: AzureError("AuthorizationFailed", status=403)}), vaultName="mine") == [
        WORKSPACE
    ]
    with pytest.raises(AzureError, match="ServerError"):
        purged(Azure({DELETED: AzureError("ServerError", status=500)}), vaultName="mine")


def test_a_workspace_that_exists_is_never_purged() -> None:
    """A purge of what exists is its deletion: it is left alone when only the setting was taken back."""
    assert purged(Azure({WORKSPACE: {}, DELETED: deleted("mine")}), vaultName="mine") == []


@pytest.mark.parametrize("preview", [True, False])
def test_what_an_interrupted_destroy_has_left_is_purged_by_the_next_up(preview: bool) -> None:
    olds = {"workspaceId": WORKSPACE, "vaultName": "mine"}
    news = {**olds, "leftovers": "2026-12-09"}
    azure = Azure({DELETED: deleted("mine")})
    resource = PurgeOnDelete(azure, EngineLog(None))
    assert set(resource.diff(calls.Diff("urn", "type", WORKSPACE, olds, news, {})).paths) == {"leftovers"}
    resource.update(calls.Update("urn", "type", WORKSPACE, olds, news, {}, preview))
    resource.create(calls.Create("urn", "type", news, preview))
    assert azure.done == ([] if preview else [WORKSPACE, f"{DELETED}/mine/purge"] * 2)
    assert not resource.diff(calls.Diff("urn", "type", WORKSPACE, news, olds, {})).paths
    there = Azure({WORKSPACE: {}, DELETED: deleted("mine")})
    PurgeOnDelete(there, EngineLog(None)).create(calls.Create("urn", "type", news, preview=False))
    assert there.done == [f"{DELETED}/mine/purge"], "a name of the vault's alone"


@pytest.mark.parametrize(
    "inputs", [{}, {"workspaceId": 1}, {"workspaceId": "w", "vaultName": "a", "vaultPrefix": "b"}, {"x": "y"}]
)
def test_inputs_that_make_no_sense_are_refused(inputs: dict[str, Any]) -> None:
    check = calls.Check("urn", "type", inputs, {})
    assert PurgeOnDelete(Azure({}), EngineLog(None)).check(check).failures
