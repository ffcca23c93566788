"""`azml:index:RoleGrant` against a control plane."""

from collections.abc import Iterator
from typing import Any

import pytest

from azml.azure.arm import Arm
from azml.emulator.control.storage.roles import BLOB_READER
from azml.providers import calls
from azml.providers.azml.role_grants import FOUND, RoleGrant
from tests.fixtures.control_plane import ACCOUNT, ControlPlane, grant
from tests.providers.uploading import connected

pytestmark = pytest.mark.process

FIRST, SECOND = "aaaaaaaa-0000-0000-0000-000000000000", "bbbbbbbb-0000-0000-0000-000000000000"
TYPE, URN = "azml:index:RoleGrant", "urn:pulumi:s::p::azml:index:RoleGrant::g"
READER = "Storage Blob Data Reader"


@pytest.fixture
def arm(workspace_azure: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Iterator[Arm]:
    own = connected(workspace_azure, monkeypatch)
    yield own
    own.http.close()
    workspace_azure.own("DELETE", "faults")
    for place in assigned(workspace_azure).values():
        workspace_azure.done(workspace_azure.arm("DELETE", place))


def assigned(azure: ControlPlane) -> dict[str, str]:
    """The ids of readers' assignments by principal."""
    place = f"{ACCOUNT}/providers/Microsoft.Authorization/roleAssignments"
    found = azure.arm("GET", place).body["value"]
    reads = [each for each in found if each["properties"]["roleDefinitionId"].endswith(BLOB_READER)]
    return {each["properties"]["principalId"]: each["id"] for each in reads}


def wanted(principal: str, **more: Any) -> dict[str, Any]:
    return {"scope": ACCOUNT, "role": READER, "principalId": principal, **more}


def test_each_principal_that_updates_the_stack_gets_the_role_and_keeps_it(
    workspace_azure: ControlPlane, arm: Arm
) -> None:
    """So that a person and a pipeline in turn plan nothing once both had it."""
    own = RoleGrant(arm)
    one, two = wanted(FIRST, principalType="User"), wanted(SECOND)
    made = own.create(calls.Create(URN, TYPE, one, False))
    assert own.diff(calls.Diff(URN, TYPE, made.id, one, one, made.outputs)).paths == {}
    assert set(own.diff(calls.Diff(URN, TYPE, made.id, one, two, made.outputs)).paths) == {"principalId"}
    outputs = own.update(calls.Update(URN, TYPE, made.id, one, two, made.outputs, False))
    assert set(assigned(workspace_azure)) == {FIRST, SECOND}
    for before, after in ((one, two), (two, one)):
        assert own.diff(calls.Diff(URN, TYPE, made.id, before, after, outputs)).paths == {}
    workspace_azure.done(workspace_azure.arm("DELETE", assigned(workspace_azure)[FIRST]))
    read = own.read(calls.Read(URN, TYPE, made.id, one, outputs))
    assert set(own.diff(calls.Diff(URN, TYPE, made.id, one, one, read.outputs)).paths) == {"principalId"}
    own.delete(calls.Delete(URN, TYPE, made.id, two, read.outputs))
    assert assigned(workspace_azure) == {}


@pytest.mark.parametrize("may", [True, False])
def test_a_role_that_somebody_else_gave_is_enough_and_stays(
    workspace_azure: ControlPlane, arm: Arm, may: bool
) -> None:
    """Also for one who may give no roles: then an administrator has done it."""
    grant(workspace_azure, BLOB_READER, FIRST)
    if not may:
        workspace_azure.own("POST", "faults", REFUSAL)
    own = RoleGrant(arm)
    made = own.create(calls.Create(URN, TYPE, wanted(FIRST), False))
    assert made.outputs == {"assignments": {FIRST: FOUND}}
    own.delete(calls.Delete(URN, TYPE, made.id, wanted(FIRST), made.outputs))
    assert set(assigned(workspace_azure)) == {FIRST}


REFUSAL = {"path_pattern": "roleAssignments", "method": "PUT", "status": 403, "code": "AuthorizationFailed"}


def test_one_who_may_give_no_roles_is_told_who_may(workspace_azure: ControlPlane, arm: Arm) -> None:
    workspace_azure.own("POST", "faults", REFUSAL)
    with pytest.raises(calls.ProviderError) as refused:
        RoleGrant(arm).create(calls.Create(URN, TYPE, wanted(FIRST), False))
    text = str(refused.value)
    assert f"may not give the role '{READER}' to {FIRST} at {ACCOUNT}" in text
    assert "'Role Based Access Control Administrator'" in text
    assert f"--assignee-object-id {FIRST} --scope {ACCOUNT}" in text


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"role": "Storage Blob Reader"}, "Storage Blob Data Reader"),
        ({"scope": None}, "scope is missing"),
        ({"principalType": "Robot"}, "'Robot' is not one of User, Group, ServicePrincipal"),
        ({"principal": "x"}, "unknown property 'principal'"),
    ],
)
def test_wrong_inputs_are_told_at_preview(inputs: dict[str, Any], reason: str) -> None:
    news = {key: value for key, value in {**wanted(FIRST), **inputs}.items() if value is not None}
    checked = RoleGrant(None).check(calls.Check(URN, TYPE, news, {}))  # type: ignore[arg-type]
    assert len(checked.failures) == 1
    assert reason in checked.failures[0].reason
