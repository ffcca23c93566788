"""The managed network of a workspace: one full set of rules, never loosened, there before it is used."""

from typing import Any

from tests.fixtures.control_plane import (
    ENDPOINT,
    STANDS_ON,
    WORKSPACE,
    build_assets,
    build_workspace,
    deployment_body,
    endpoint_body,
)
from tests.fixtures.in_process import InProcessAzure

APPROVED, OPEN = "AllowOnlyApprovedOutbound", "AllowInternetOutbound"


def fqdn(host: str) -> dict[str, str]:
    return {"type": "FQDN", "category": "UserDefined", "destination": host}


def put(azure: InProcessAzure, mode: str, rules: dict[str, Any] | None = None, **more: Any) -> str:
    """The refusal; empty where the write was taken."""
    network = {"isolationMode": mode, "outboundRules": rules or {}, **more.pop("network", {})}
    properties = {**STANDS_ON, "managedNetwork": network, **more}
    answer = azure.arm("PUT", WORKSPACE, {"location": "westeurope", "properties": properties})
    return "" if answer.status == 200 else str(answer.body["error"]["message"])


def shown(azure: InProcessAzure) -> Any:
    return azure.arm("GET", WORKSPACE).body["properties"]["managedNetwork"]


def test_a_write_has_the_full_set_and_azure_adds_its_own(inside: InProcessAzure) -> None:
    build_workspace(inside)
    assert put(inside, APPROVED, {"a": fqdn("a.org"), "b": fqdn("b.org")}) == ""
    assert {name for name in shown(inside)["outboundRules"] if not name.startswith("__SYS")} == {"a", "b"}
    assert put(inside, APPROVED, {"a": fqdn("a.org")}) == ""
    rules = shown(inside)["outboundRules"]
    assert [name for name in rules if not name.startswith("__SYS")] == ["a"]
    assert {rule["category"] for name, rule in rules.items() if name.startswith("__SYS")} == {"Required"}
    assert put(inside, APPROVED, rules) == "", "what was read may be written back"


def test_what_is_isolated_stays_isolated(inside: InProcessAzure) -> None:
    build_workspace(inside)
    assert put(inside, OPEN, network={"managedNetworkKind": "V2"}) == ""
    assert "cannot change" in put(inside, "Disabled")
    assert "cannot become V1" in put(inside, OPEN, network={"managedNetworkKind": "V1"})
    assert "has no effect" in put(inside, OPEN, {"a": fqdn("a.org")})
    assert put(inside, APPROVED) == ""
    assert "cannot change" in put(inside, OPEN)


def test_deployments_need_it_provisioned(inside: InProcessAzure) -> None:
    build_workspace(inside)
    build_assets(inside)
    inside.done(inside.arm("PUT", ENDPOINT, endpoint_body()))

    def reason() -> str:
        ended = inside.finished(inside.arm("PUT", f"{ENDPOINT}/deployments/blue", deployment_body()))
        return str(ended.get("error", {}).get("message", ended["status"]))

    assert put(inside, OPEN) == ""
    assert shown(inside)["status"]["status"] == "Inactive"
    assert "is not provisioned" in reason()
    inside.done(inside.arm("POST", f"{WORKSPACE}/provisionManagedNetwork", {"includeSpark": False}))
    assert shown(inside)["status"]["status"] == "Active"
    assert reason() == "Succeeded"


def test_a_workspace_may_be_created_with_its_network(inside: InProcessAzure) -> None:
    build_workspace(inside)
    assert put(inside, APPROVED, {"a": fqdn("a.org")}, provisionNetworkNow=True) == ""
    assert shown(inside)["status"]["status"] == "Active"
    assert shown(inside)["outboundRules"]["a"]["status"] == "Active"
