"""Operations that meet each other, a failing data plane, or a restart: each has an end, and the right one."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from azml.emulator.control.arm import worker
from azml.emulator.control.arm.activity import ActivityLog
from azml.emulator.control.arm.additions import Additions, Reading
from azml.emulator.control.arm.clock import Clock
from azml.emulator.control.arm.database import Database
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.operations import Operations
from azml.emulator.control.arm.resource_manager import ResourceManager
from azml.emulator.control.arm.steering import Steering
from azml.emulator.control.arm.store import ResourceStore
from azml.emulator.control.arm.types import ResourceType, Types
from tests.emulator import bodies
from tests.fixtures.control_plane import (
    ACCOUNT,
    ENDPOINT,
    GROUP,
    VAULT,
    WORKSPACE,
    Answer,
    ControlPlane,
    Json,
    build_workspace,
    deployment_body,
    endpoint_body,
)
from tests.fixtures.waiting import eventually

BLUE = f"{ENDPOINT}/deployments/blue"
GREEN = f"{ENDPOINT}/deployments/green"
PROVIDERS = f"{GROUP}/providers"
INSIGHTS = f"{PROVIDERS}/Microsoft.Insights"


def hold(azure: ControlPlane, **asked: object) -> None:
    assert azure.own("POST", "states", {"reads": 10_000, **asked}).status == 204


def state(azure: ControlPlane, path: str) -> str:
    return str(azure.arm("GET", path).body["properties"]["provisioningState"])


def status(azure: ControlPlane, answer: Answer) -> str:
    place = answer.headers["azure-asyncoperation"].removeprefix(azure.url).partition("?")[0]
    return str(azure.arm("GET", place).body["status"])


def restarted(azure: ControlPlane) -> None:
    azure.kill()
    azure.start()


def restored(azure: ControlPlane) -> bool:
    return bool(azure.own("GET", "health").body["restored"])


def test_nothing_is_written_into_a_group_that_is_being_deleted(workspace: ControlPlane) -> None:
    """It would be left behind, and what it runs with it."""
    hold(workspace, path_pattern="/rg$", method="DELETE")
    deleting = workspace.arm("DELETE", GROUP)
    stands_on = {"storageAccount": ACCOUNT, "keyVault": VAULT}
    for method, path, body in (
        ("PUT", f"{PROVIDERS}/Microsoft.ManagedIdentity/userAssignedIdentities/me", bodies.PLACED),
        ("PUT", f"{WORKSPACE}2", {**bodies.PLACED, "properties": stands_on}),
        ("PUT", BLUE, deployment_body()),
        ("PATCH", ENDPOINT, {"tags": {"a": "b"}}),
        ("POST", f"{ENDPOINT}/regenerateKeys", {"keyType": "Primary"}),
        ("POST", f"{WORKSPACE}/codes/c/versions/2/startPendingUpload", {}),
    ):
        answer = workspace.arm(method, path, body)
        assert (answer.status, answer.code) == (409, "ResourceGroupBeingDeleted"), path
    workspace.own("DELETE", "states")
    workspace.done(deleting)
    assert workspace.dataplane.deployments == {}


def test_nothing_is_written_below_a_workspace_that_is_being_deleted(workspace: ControlPlane) -> None:
    hold(workspace, path_pattern="/ws1$", method="DELETE")
    workspace.arm("DELETE", WORKSPACE)
    assert workspace.arm("PUT", BLUE, deployment_body()).status == 409
    assert workspace.arm("GET", f"{ENDPOINT}/deployments").body == {"value": []}


def test_a_delete_that_fails_says_so_and_can_be_repeated(workspace: ControlPlane) -> None:
    """What it had interrupted has ended as well."""
    workspace.dataplane.outcomes["blue"] = "starting"
    making = workspace.arm("PUT", BLUE, deployment_body())
    workspace.dataplane.refused.add(("DELETE", "blue"))
    ended = workspace.finished(workspace.arm("DELETE", BLUE))
    assert (ended["status"], ended["error"]["code"]) == ("Failed", "InternalServerError")
    assert "no space" in ended["error"]["message"]
    assert (status(workspace, making), state(workspace, BLUE)) == ("Canceled", "Failed")
    workspace.dataplane.refused.clear()
    workspace.done(workspace.arm("DELETE", BLUE))
    assert workspace.arm("GET", BLUE).status == 404


def test_an_operation_that_a_later_one_replaces_is_canceled(workspace: ControlPlane) -> None:
    hold(workspace, path_pattern="/diabetes$", method="PUT", state="Succeeded")
    first = workspace.arm("PUT", ENDPOINT, endpoint_body())
    workspace.done(workspace.arm("PUT", ENDPOINT, endpoint_body()))
    assert status(workspace, first) == "Canceled"


def test_what_was_held_for_something_deleted_does_not_come_over_its_successor(azure: ControlPlane) -> None:
    build_workspace(azure)
    hold(azure, path_pattern="/ws1$", method="PUT")
    body = {name: azure.arm("GET", WORKSPACE).body[name] for name in ("location", "properties")}
    azure.arm("PUT", WORKSPACE, {**body, "tags": {"of": "the old"}})
    azure.done(azure.arm("DELETE", GROUP))
    azure.own("DELETE", "deleted")
    build_workspace(azure)
    assert azure.own("DELETE", "states").status == 204
    assert "tags" not in azure.arm("GET", WORKSPACE).body


def test_a_state_that_was_shown_is_not_brought_back_after_a_write(azure: ControlPlane) -> None:
    build_workspace(azure)
    body = {name: azure.arm("GET", WORKSPACE).body[name] for name in ("location", "properties")}
    azure.own("POST", "states", {"id": WORKSPACE, "state": "Failed"})
    azure.own("POST", "states", {"id": WORKSPACE, "state": "Succeeded", "seconds": 60})
    azure.done(azure.arm("PUT", WORKSPACE, body))
    azure.own("POST", "clock", {"advance": 61})
    assert state(azure, WORKSPACE) == "Succeeded"


def test_a_write_right_after_a_restart_is_not_undone_by_what_was_before(workspace: ControlPlane) -> None:
    workspace.done(workspace.arm("PUT", BLUE, deployment_body()))
    with workspace.dataplane.slow() as came:
        restarted(workspace)
        assert came.wait(10), "it tells the data plane what was before"
        answer = workspace.arm("PUT", ENDPOINT, endpoint_body({"blue": 100}))
        assert status(workspace, answer) == "InProgress"
    workspace.done(answer)
    assert [item["traffic"] for item in workspace.dataplane.endpoints.values()] == [{"blue": 100}]


def test_an_operation_that_began_right_after_a_restart_goes_as_it_was_steered(
    workspace: ControlPlane,
) -> None:
    with workspace.dataplane.slow() as came:
        restarted(workspace)
        assert came.wait(10)
        hold(workspace, path_pattern="deployments/blue$", ends="Failed", code="Odd")
        answer = workspace.arm("PUT", BLUE, deployment_body())
    eventually(lambda: restored(workspace))
    workspace.own("DELETE", "states")
    assert workspace.finished(answer)["status"] == "Failed"
    assert workspace.dataplane.deployments == {}


def test_one_deployment_that_cannot_come_back_keeps_no_other_from_it(workspace: ControlPlane) -> None:
    for path in (BLUE, GREEN):
        workspace.done(workspace.arm("PUT", path, deployment_body()))
    workspace.dataplane.refused.add(("PUT", "blue"))
    workspace.dataplane.calls.clear()
    restarted(workspace)
    eventually(lambda: restored(workspace))
    assert (state(workspace, BLUE), state(workspace, GREEN)) == ("Failed", "Succeeded")
    assert ("PUT", GREEN.lower()) in workspace.dataplane.calls


@pytest.mark.parametrize(
    ("path", "body", "created"),
    [
        (f"{PROVIDERS}/Microsoft.Storage/storageAccounts/account2", bodies.STORAGE, 200),
        (f"{ACCOUNT}/blobServices/default/containers/mine", {}, 201),
        (f"{PROVIDERS}/Microsoft.KeyVault/vaults/v2x", bodies.VAULT, 201),
        (f"{PROVIDERS}/Microsoft.ManagedIdentity/userAssignedIdentities/me", bodies.PLACED, 201),
        (f"{INSIGHTS}/components/ai", bodies.COMPONENT, 200),
        (f"{INSIGHTS}/metricAlerts/slow", bodies.METRIC_ALERT, 200),
        (f"{INSIGHTS}/autoscaleSettings/more", bodies.AUTOSCALE, 201),
        (f"{INSIGHTS}/actionGroups/us", bodies.ACTION_GROUP, 201),
        (f"{INSIGHTS}/workbooks/00000000-0000-0000-0000-0000000000aa", bodies.WORKBOOK, 201),
        (f"{WORKSPACE}/datastores/mine", bodies.DATASTORE, 201),
        (f"{WORKSPACE}/models/m2/versions/1", {"properties": {"modelUri": "azureml://a"}}, 201),
        (f"{WORKSPACE}/codes/c2/versions/1", {"properties": {"codeUri": "https://a"}}, 201),
        (f"{WORKSPACE}/environments/e2/versions/1", {"properties": {"image": "i"}}, 201),
        (f"{WORKSPACE}/models/m3", {"properties": {}}, 201),
    ],
)
def test_a_type_without_operations_is_made_and_deleted_with_the_status_its_clients_take(
    azure: ControlPlane, path: str, body: Json, created: int
) -> None:
    """azure-mgmt-* and azure-ai-ml raise for any other: 200 alone or 200 and 201, then 200 or 204."""
    build_workspace(azure)
    made = azure.arm("PUT", path, body)
    assert made.status == created, made.raw
    assert azure.arm("PUT", path, body).status == 200
    answer = azure.arm("DELETE", path)
    assert (answer.status, answer.raw, "azure-asyncoperation" in answer.headers) == (200, b"", False)
    assert azure.arm("GET", path).status == 404
    assert azure.arm("DELETE", path).status == 204


def test_a_delete_without_an_operation_takes_its_time_when_it_is_steered(azure: ControlPlane) -> None:
    build_workspace(azure)
    hold(azure, path_pattern="/vault1$", method="DELETE", reads=2)
    answer = azure.arm("DELETE", VAULT)
    assert (answer.status, state(azure, VAULT)) == (202, "Deleting")
    azure.done(answer)


class Things(ResourceType):
    """A type that succeeds by itself."""

    name = "Microsoft.Test/things"
    located = False
    asynchronous = True


async def test_an_end_that_found_no_room_on_the_disk_is_written_once_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "RETRY_SECONDS", 0.01)
    database = Database(tmp_path / "azure.db")
    operations = Operations(database)
    store = ResourceStore(database)
    additions = Additions((), Reading(store, str))
    activity = ActivityLog(database, Clock())
    service = ResourceManager(store, operations, Types([Things()]), Steering(), additions, activity)
    service.resume()
    answer = service.put(resource_id("/providers/Microsoft.Test/things/a"), {})
    assert answer.operation is not None
    database.connection.execute("PRAGMA query_only = ON")
    worked = await service.worker.worked(answer.operation)
    assert worked.status == "InProgress"
    database.connection.execute("PRAGMA query_only = OFF")
    async with asyncio.timeout(10):
        while service.progress(answer.operation.id).status == "InProgress":
            await asyncio.sleep(0)
    assert service.progress(answer.operation.id).status == "Succeeded"
    database.close()


def test_a_deployment_noted_by_another_version_is_said_to_be_gone(workspace: ControlPlane) -> None:
    """The local Azure starts all the same."""
    workspace.done(workspace.arm("PUT", BLUE, deployment_body()))
    workspace.kill()
    with closing(sqlite3.connect(workspace.folder / "azure.db")) as database, database:
        noted = "UPDATE resources SET hidden = json_set(hidden, '$.good.unheard_of', 1) WHERE key = ?"
        database.execute(noted, (BLUE.lower(),))
    workspace.start()
    eventually(lambda: restored(workspace))
    assert state(workspace, BLUE) == "Failed"
    workspace.done(workspace.arm("PUT", BLUE, deployment_body()))
