"""Sizes, quotas and usages; and a deployment that needs more than there is."""

from azml.emulator.base.identity import SUBSCRIPTION
from tests.fixtures.control_plane import ENDPOINT, WORKSPACE, ControlPlane, deployment_body

PLACE = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/locations/westeurope"
FAMILY = "standardDSv2Family"
BLUE, GREEN = f"{ENDPOINT}/deployments/blue", f"{ENDPOINT}/deployments/green"


def of_family(azure: ControlPlane, what: str) -> dict[str, object]:
    (found,) = (
        one for one in azure.arm("GET", f"{PLACE}/{what}").body["value"] if one["name"]["value"] == FAMILY
    )
    return dict(found)


def limit(azure: ControlPlane, vcpus: int) -> None:
    body = {"value": [{"id": of_family(azure, "quotas")["id"], "limit": vcpus, "unit": "Count"}]}
    answer = azure.arm("POST", f"{PLACE}/updateQuotas", body)
    assert (answer.status, answer.body["value"][0]["status"]) == (200, "Success")
    assert of_family(azure, "quotas")["limit"] == vcpus


def test_a_deployment_over_quota_fails_and_the_others_count_with_a_fifth_more(
    workspace: ControlPlane,
) -> None:
    """Two vCPUs a machine: three instances need eight, for four machines."""
    try:
        limit(workspace, 10)
        workspace.done(workspace.arm("PUT", BLUE, deployment_body(3)))
        assert of_family(workspace, "usages")["currentValue"] == 8
        ended = workspace.finished(workspace.arm("PUT", GREEN, deployment_body(1)))
        assert (ended["status"], ended["error"]["code"]) == ("Failed", "OutOfQuota")
        assert "Current usage/limit: 8/10. Additional needed: 4." in ended["error"]["message"]
        assert workspace.arm("GET", GREEN).body["properties"]["provisioningState"] == "Failed"
        assert of_family(workspace, "usages")["currentValue"] == 8, "what failed has no machines"
        workspace.done(workspace.arm("PUT", BLUE, deployment_body(2)))
        limit(workspace, 12)
        workspace.done(workspace.arm("PUT", GREEN, deployment_body(1)))
        assert of_family(workspace, "usages")["currentValue"] == 10
    finally:
        limit(workspace, 100_000)


def test_a_quota_of_no_family_or_no_number_is_refused(workspace: ControlPlane) -> None:
    for one in ({"id": "standardNoFamily", "limit": 1}, {"id": FAMILY, "limit": -1}, {"id": FAMILY}):
        assert workspace.arm("POST", f"{PLACE}/updateQuotas", {"value": [one]}).code == "InvalidQuota"


def test_sizes_have_what_people_ask_for(workspace: ControlPlane) -> None:
    sizes = {one["name"]: one for one in workspace.arm("GET", f"{PLACE}/vmSizes").body["value"]}
    given = sizes["Standard_DS3_v2"]
    assert (given["vCPUs"], given["memoryGB"], given["gpus"], given["family"]) == (4, 14, 0, FAMILY)
    assert sizes["Standard_NC4as_T4_v3"]["gpus"] == 1


def test_a_deployment_tells_how_many_instances_it_may_have(workspace: ControlPlane) -> None:
    workspace.done(workspace.arm("PUT", BLUE, deployment_body()))
    (sku,) = workspace.arm("GET", f"{BLUE}/skus").body["value"]
    assert (sku["sku"]["name"], sku["capacity"]["minimum"], sku["capacity"]["maximum"]) == ("Default", 1, 50)
    assert workspace.arm("GET", f"{GREEN}/skus").status == 404


def test_what_else_can_be_asked_of_a_workspace(workspace: ControlPlane) -> None:
    key = workspace.arm("POST", f"{WORKSPACE}/listKeys").body["userStorageKey"]
    assert workspace.arm("POST", f"{WORKSPACE}/listStorageAccountKeys").body == {"userStorageKey": key}
    assert workspace.arm("POST", f"{WORKSPACE}/diagnose").body["value"]["keyVaultResults"] == []
    resynced = workspace.arm("POST", f"{WORKSPACE}/resyncKeys")
    assert resynced.status == 202
    workspace.done(resynced)
    assert workspace.arm("GET", f"{WORKSPACE}0/outboundNetworkDependenciesEndpoints").status == 404
    found = workspace.arm("GET", f"{WORKSPACE}/outboundNetworkDependenciesEndpoints").body["value"]
    assert "login.microsoftonline.com" in str(found)
