"""Identities, roles and callers in the stack file: read, and what contradicts itself."""

from typing import Any

import pytest

from azml.stack.account import Account
from azml.stack.checks.identities import asked_roles, spec_with_identity
from azml.stack.endpoint.access import Caller
from tests.stack.settings.conftest import Findings, Read, endpoint, only

ACCOUNT = Account("s", "t", "o")
GROUP = "/subscriptions/s/resourceGroups/rg-azml-dev/providers"
ALICE, TEAM = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
PLACE = {"resourceGroup": "rg-azml-dev", "name": "mlw-azml-dev"}
WITH_REGISTRY = {**PLACE, "containerRegistry": "crazml"}
BLOBS = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/st"
ROLE = {"role": "Storage Blob Data Reader", "scope": BLOBS}


def aad(read_folder: Any) -> None:
    (read_folder / "scoring/echo/endpoint.yml").write_text("name: echo\nauth_mode: aad_token\n")


def test_an_endpoint_has_an_identity_roles_and_callers(read: Read, folder: Any) -> None:
    aad(folder)
    callers = [ALICE, {"id": TEAM, "type": "Group"}]
    settings = read(
        workspace={**WITH_REGISTRY, "identity": "id-mlw"},
        endpoints=endpoint(identity={"name": "id-echo"}, roles=[ROLE], callers=callers),
    )
    assert settings.workspace.identity.name == "id-mlw"
    (served,) = settings.endpoints
    assert served.access.callers == (Caller(ALICE), Caller(TEAM, "Group"))
    assert [(one.role, one.scope) for one in served.access.roles] == [(ROLE["role"], BLOBS)]
    identity = spec_with_identity(served, settings.workspace, ACCOUNT).identity
    assert identity and identity.type == "user_assigned"
    own = f"{GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/id-echo"
    assert identity.user_assigned_identities == (own,)


def test_nothing_of_it_is_there_unless_it_is_written(read: Read) -> None:
    settings = read()
    (served,) = settings.endpoints
    assert spec_with_identity(served, settings.workspace, ACCOUNT) is served.spec
    assert asked_roles(settings, ACCOUNT) == []
    assert not settings.diagnostics.enabled


@pytest.mark.parametrize(
    ("keys", "key", "said"),
    [
        ({"callers": ["alice@example.com"]}, "callers[0]", "'alice@example.com' is not an object id"),
        ({"callers": [{"id": "alice"}]}, "callers[0].id", "'alice' is not an object id"),
        ({"callers": [{"id": ALICE, "type": "Person"}]}, "callers[0].type", "is not a type of principal"),
        ({"callers": [ALICE, ALICE.upper()]}, "callers[1]", "is listed twice"),
        ({"callers": ALICE}, "callers", "is a text"),
        ({"roles": [{**ROLE, "role": "Blob Reader"}]}, "roles[0].role", "is not a role known here"),
        ({"roles": [{**ROLE, "scope": "st"}]}, "roles[0].scope", "'st' is not the id of a resource"),
        ({"roles": [{"role": ROLE["role"]}]}, "roles[0].scope", "is missing"),
        ({"identity": {"existing": True}}, "identity.name", "is missing"),
        ({"identity": "i"}, "identity", "'i' is refused by Azure"),
    ],
)
def test_a_wrong_value_is_named_with_its_key(
    findings: Findings, folder: Any, keys: dict[str, Any], key: str, said: str
) -> None:
    aad(folder)
    given = findings(workspace=WITH_REGISTRY, endpoints=endpoint(**keys))
    found = {str(one.key).removeprefix("azml:endpoints.echo."): one for one in given}
    assert said in found[key].message
    assert found[key].remedy


def test_callers_of_an_endpoint_with_keys_are_a_contradiction(findings: Findings) -> None:
    found = only(findings(endpoints=endpoint(callers=[ALICE])))
    assert found.key == "azml:endpoints.echo.callers"
    assert "auth_mode key" in found.message


def test_an_identity_is_given_in_one_place(findings: Findings, folder: Any) -> None:
    file = "name: echo\nidentity: {type: system_assigned}\n"
    (folder / "scoring/echo/endpoint.yml").write_text(file)
    found = only(findings(workspace=WITH_REGISTRY, endpoints=endpoint(identity="id-echo")))
    assert found.message == "is given here and in the endpoint's file"


def test_roles_need_an_identity(findings: Findings, folder: Any) -> None:
    (folder / "scoring/echo/endpoint.yml").write_text("name: echo\nidentity: {type: none}\n")
    assert "without an identity" in only(findings(endpoints=endpoint(roles=[ROLE]))).message


def test_the_identity_of_an_endpoint_needs_a_registry_and_is_its_own(findings: Findings) -> None:
    given = findings(workspace={**PLACE, "identity": "id-one"}, endpoints=endpoint(identity="id-one"))
    assert {one.key for one in given} == {"azml:endpoints.echo.identity"}
    said = [one.message for one in given]
    assert "is also the workspace's identity" in said[0]
    assert "'AcrPull' at the workspace's container registry" in said[1]


def test_existing_identities_are_asked_for_their_roles_at_what_exists(read: Read) -> None:
    """The stack grants those at what it creates: nobody could have granted them before."""
    registry = {"name": "crshared", "existing": True, "resourceGroup": "rg-shared"}
    settings = read(
        workspace={**PLACE, "containerRegistry": registry, "identity": {"name": "id-mlw", "existing": True}},
        endpoints=endpoint(identity={"name": "id-echo", "existing": True}, roles=[ROLE]),
    )
    shared = (
        "/subscriptions/s/resourceGroups/rg-shared/providers/Microsoft.ContainerRegistry/registries/crshared"
    )
    asked = [(one.identity.rpartition("/")[2], one.role, one.scope) for one in asked_roles(settings, ACCOUNT)]
    assert asked == [
        ("id-mlw", "Contributor", shared),
        ("id-echo", "AcrPull", shared),
        ("id-echo", "Storage Blob Data Reader", BLOBS),
    ]


def test_at_an_existing_workspace_the_roles_are_asked_for_through_it(read: Read, folder: Any) -> None:
    file = "name: echo\nproperties: {enforce_access_to_default_secret_stores: enabled}\n"
    (folder / "scoring/echo/endpoint.yml").write_text(file)
    settings = read(
        workspace={**PLACE, "existing": True}, endpoints=endpoint(identity={"name": "id-e", "existing": True})
    )
    own = f"{GROUP}/Microsoft.MachineLearningServices/workspaces/mlw-azml-dev"
    assert {(one.role, one.scope, one.through) for one in asked_roles(settings, ACCOUNT)} == {
        ("AcrPull", own, "containerRegistry"),
        ("Storage Blob Data Reader", own, "storageAccount"),
        ("AzureML Metrics Writer (preview)", own, None),
        ("Azure Machine Learning Workspace Connection Secrets Reader", own, None),
    }


LOGS = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log"


def test_logs_go_to_the_stack_s_own_workspace_or_to_a_named_one(read: Read, findings: Findings) -> None:
    assert read(diagnostics=True).diagnostics.log_analytics_id is None
    assert read(diagnostics=LOGS).diagnostics.log_analytics_id == LOGS
    assert not read(diagnostics=False).diagnostics.enabled
    assert only(findings(diagnostics="log")).key == "azml:diagnostics"
    existing = {**PLACE, "existing": True}
    assert "creates no Log Analytics" in only(findings(workspace=existing, diagnostics=True)).message
