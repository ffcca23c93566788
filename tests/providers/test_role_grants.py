"""`azml:index:RoleGrant` against a control plane."""

from collections.abc import Iterator
from typing import Any

import pytest

from azml.azure.arm import Arm
from azml.emulator.control.storage.roles import BLOB_READER
from azml.providers import calls
from azml.providers.azml.role_grants import FOUND, RoleGrant
from tests.emulator.local_azure import ACCOUNT, LocalAzure, grant
from tests.providers.uploading import connected, started

pytestmark = pytest.mark.process

FIRST, SECOND = "aaaaaaaa-0000-0000-0000-000000000000", "bbbbbbbb-0000-0000-0000-000000000000"
TYPE, URN = "azml:index:RoleGrant", "urn:pulumi:s::p::azml:index:RoleGrant::g"
READER = "Storage Blob Data Reader"


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAzure]:
    yield from started(tmp_path_factory.mktemp("azure"))


@pytest.fixture
def arm(azure: LocalAzure, monkeypatch: pytest.MonkeyPatch) -> Iterator[Arm]:
    own = connected(azure, monkeypatch)
    yield own
    own.http.close()
    azure.own("DELETE", "faults")
    for place in assigned(azure).values():
        azure.done(azure.arm("DELETE", place))


def assigned(azure: LocalAzure) -> dict[str, str]:
    """The ids of readers' assignments by principal."""
    place = f"{ACCOUNT}/providers/Microsoft.Authorization/roleAssignments"
    found = azure.arm("GET", place).body["value"]
    reads = [each for each in found if each["properties"]["roleDefinitionId"].endswith(BLOB_READER)]
    return {each["properties"]["principalId"]: each["id"] for each in reads}


def wanted(principal: str, **more: Any) -> dict[str, Any]:
    return {"scope": ACCOUNT, "role": READER, "principalId": principal, **more}


def test_each_principal_that_updates_the_stack_gets_the_role_and_keeps_it(
    azure: LocalAzure, arm: Arm
) -> None:
    """So that a person and a pipeline in turn plan nothing once both had it."""
    own = RoleGrant(arm)
    one, two = wanted(FIRST, principalType="User"), wanted(SECOND)
    made = own.create(calls.Create(URN, TYPE, one, False))
    assert own.diff(calls.Diff(URN, TYPE, made.id, one, one, made.outputs)).paths == {}
    assert set(own.diff(calls.Diff(URN, TYPE, made.id, one, two, made.outputs)).paths) == {"principalId"}
    outputs = own.update(calls.Update(URN, TYPE, made.id, one, two, made.outputs, False))
    assert set(assigned(azure)) == {FIRST, SECOND}
    for before, after in ((one, two), (two, one)):
        assert own.diff(calls.Diff(URN, TYPE, made.id, before, after, outputs)).paths == {}
    azure.done(azure.arm("DELETE", assigned(azure)[FIRST]))
    read = own.read(calls.Read(URN, TYPE, made.id, one, outputs))
    assert set(own.diff(calls.Diff(URN, TYPE, made.id, one, one, read.outputs)).paths) == {"principalId"}
    own.delete(calls.Delete(URN, TYPE, made.id, two, read.outputs))
    assert assigned(azure) == {}


@pytest.mark.parametrize("may", [True, False])
def test_a_role_that_somebody_else_gave_is_enough_and_stays(azure: LocalAzure, arm: Arm, may: bool) -> None:
    """Also for one who may give no roles: then an administrator has done it."""
    grant(azure, BLOB_READER, FIRST)
    if not may:
        azure.own("POST", "faults", REFUSAL)
    own = RoleGrant(arm)
    made = own.create(calls.Create(URN, TYPE, wanted(FIRST), False))
    assert made.outputs == {"assignments": {FIRST: FOUND}}
    own.delete(calls.Delete(URN, TYPE, made.id, wanted(FIRST), made.outputs))
    assert set(assigned(azure)) == {FIRST}


REFUSAL = {"path_pattern": "roleAssignments", "method": "PUT", "status": 403, "code": "AuthorizationFailed"}


def test_one_who_may_give_no_roles_is_told_who_may(azure: LocalAzure, arm: Arm) -> None:
    azure.own("POST", "faults", REFUSAL)
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
