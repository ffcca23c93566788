"""Changes that Azure would refuse of an endpoint, and those it takes."""

from dataclasses import replace

import pytest

from azml.specs import EndpointSpec, Identity
from azml.stack.checks.immutable import refused_changes
from azml.stack.facts import Fact

WORKSPACE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws"
USER = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u"
OF_AZURE = {
    "AzureAsyncOperationUri": "https://...",
    "azureml.onlineendpointid": WORKSPACE,
    "createdAt": "2026-01-01T00:00:00+0000",
    "createdBy": "someone",
    "lastModifiedAt": "2026-01-02T00:00:00+0000",
}
SPEC = EndpointSpec("echo", description="says", properties={"team": "red"})
LIVE = Fact(
    "westeurope",
    "Succeeded",
    "SystemAssigned",
    (),
    {"authMode": "Key", "description": "says", "properties": {"team": "red", **OF_AZURE}},
)


def keys(spec: EndpointSpec, live: Fact = LIVE) -> list[str | None]:
    return [finding.key for finding in refused_changes(spec, live, WORKSPACE)]


@pytest.mark.parametrize(
    "spec",
    [
        SPEC,
        replace(SPEC, properties={"team": "red", "more": "keys"}),
        replace(SPEC, properties={"team": "red", "createdBy": "me"}),
        replace(SPEC, tags={"a": "b"}, public_network_access="disabled", traffic={"blue": 100}),
        replace(SPEC, identity=Identity("system_assigned")),
    ],
)
def test_what_azure_takes_is_let_through(spec: EndpointSpec) -> None:
    assert keys(spec) == []


@pytest.mark.parametrize(
    ("spec", "key"),
    [
        (replace(SPEC, auth_mode="aml_token"), "auth_mode"),
        (replace(SPEC, compute="k8s"), "compute"),
        (replace(SPEC, description="says more"), "description"),
        (replace(SPEC, description=None), "description"),
        (replace(SPEC, identity=Identity("user_assigned", (USER,))), "identity.type"),
        (replace(SPEC, identity=Identity("none")), "identity.type"),
        (replace(SPEC, properties={"team": "blue"}), "properties.team"),
        (replace(SPEC, properties={}), "properties.team"),
    ],
)
def test_what_azure_fixes_at_creation_is_refused_with_what_it_was(spec: EndpointSpec, key: str) -> None:
    assert keys(spec) == [key]


def test_another_user_assigned_identity_is_another_endpoint() -> None:
    live = replace(LIVE, identity="UserAssigned", users=(USER,))
    assert keys(replace(SPEC, identity=Identity("user_assigned", (USER.upper(),))), live) == []
    other = replace(SPEC, identity=Identity("user_assigned", (f"{USER}2",)))
    assert keys(other, live) == ["identity.user_assigned_identities"]


def test_an_attached_cluster_is_the_same_by_name_and_by_id() -> None:
    live = replace(LIVE, properties={**LIVE.properties, "compute": f"{WORKSPACE}/computes/k8s"})
    assert keys(replace(SPEC, compute="k8s"), live) == []
    assert keys(replace(SPEC, compute=f"{WORKSPACE}/computes/k8s"), live) == []
    assert keys(SPEC, live) == ["compute"]


def test_a_finding_says_what_is_there_and_what_would_do() -> None:
    (finding,) = refused_changes(replace(SPEC, auth_mode="aml_token"), LIVE, WORKSPACE)
    assert finding.message == "is aml_token, and cannot change: the endpoint echo was made with key"
    assert "another name" in finding.remedy
